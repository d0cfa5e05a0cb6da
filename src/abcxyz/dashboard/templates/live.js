(function () {
  "use strict";
  // The card of a customer also shows what the history knows: classes, outcomes, buttons.
  document.addEventListener("card", function (event) {
    var customer = event.detail.customer, body = event.detail.body;
    var fields = new URLSearchParams({ lang: document.documentElement.lang, id: customer });
    body.dataset.customer = customer;
    fetch("/customer?" + fields).then(function (answer) {
      return answer.ok ? answer.text() : "";
    }).then(function (written) {
      var known = new DOMParser().parseFromString(written, "text/html").querySelector(".known");
      if (known && body.dataset.customer === customer) { body.append(document.adoptNode(known)); }
    });
  });

  var box = document.getElementById("customers");
  var LISTS = { growth: "growth", months: "months", structure: "moves", cells: "segments", owners: "owners", time: "results", prospects: "leads" };
  function link(after, name, fields) {
    var one = after.parentElement.querySelector(":scope > .export");
    if (!one) {
      one = document.createElement("a");
      one.className = "export";
      one.textContent = box.dataset.words;
      after.after(one);
    }
    one.href = "/export/" + name + ".csv?" + box.dataset.export + (fields ? "&" + fields : "");
  }
  // Every list of a page, as it is filtered.
  function links(fields) {
    document.querySelectorAll("main section[id]").forEach(function (section) {
      var name = section.id.slice(section.id.indexOf("-") + 1), list = LISTS[name] || (/^crm-/.test(name) ? name : "");
      var last = (section.matches(".folded") ? section.firstElementChild : section).lastElementChild;
      if (list) { link(last.matches(".export") ? last.previousElementSibling : last, list, fields); }
    });
    document.querySelectorAll(".copy").forEach(function (one) { link(one, "calls", fields); });
    document.querySelectorAll("details.returned table").forEach(function (one) { link(one, "returned", fields); });
  }
  // The list of customers is exported as it is filtered.
  document.addEventListener("filtered", function (event) {
    var fields = new URLSearchParams(event.detail.state);
    fields.delete("lang");
    fields.delete("customer");
    link(event.detail.page.querySelector(".count"), "customers", fields);
    links(fields);
    var note = event.detail.page.querySelector(".whole"), recut = note.querySelector("a");
    if (!recut) {
      recut = document.createElement("a");
      recut.textContent = box.dataset.recut;
      note.append(" ", recut);
    }
    recut.href = box.dataset.page + "&" + fields;
  });
  links();

  // A slider over the dates, which goes to another one when it is let go, with the same filters.
  var choice = document.querySelector("form.choice"), slide = choice && choice.querySelector(".slide");
  if (!slide) { return; }
  var range = slide.querySelector("input"), list = choice.querySelector("select");
  function go() { location.assign("/?" + new URLSearchParams(new FormData(choice)) + location.hash); }
  slide.hidden = false;
  choice.querySelector("button").hidden = true;
  range.addEventListener("input", function () {
    list.selectedIndex = range.max - range.value;
    range.setAttribute("aria-valuetext", list.options[list.selectedIndex].text);
  });
  range.addEventListener("change", go);
  list.addEventListener("change", go);
}());
