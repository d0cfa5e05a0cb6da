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
  function link(after, href) {
    var one = after.parentElement.querySelector(".export");
    if (!one) {
      one = document.createElement("a");
      one.className = "export";
      one.textContent = box.dataset.words;
      after.after(one);
    }
    one.href = href;
  }
  // The list of customers is exported as it is filtered.
  document.addEventListener("filtered", function (event) {
    var fields = new URLSearchParams(event.detail.state);
    fields.delete("lang");
    fields.delete("customer");
    link(event.detail.page.querySelector(".count"), box.dataset.export + "&" + fields);
    var note = event.detail.page.querySelector(".whole"), recut = note.querySelector("a");
    if (!recut) {
      recut = document.createElement("a");
      recut.textContent = box.dataset.recut;
      note.append(" ", recut);
    }
    recut.href = box.dataset.page + "&" + fields;
  });
  var copy = document.querySelector(".copy");
  if (copy) { link(copy, box.dataset.calls); }

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
