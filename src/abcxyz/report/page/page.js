(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  var pages = Array.prototype.slice.call(document.querySelectorAll(".page"));

  function speak(lang) {
    pages.forEach(function (page) { page.hidden = page.lang !== lang; });
    root.lang = lang;
    var shown = document.getElementById(lang);
    document.title = shown.querySelector("h1").textContent;
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (button && button.dataset.lang) {
      var before = location.hash.slice(4);
      speak(button.dataset.lang);
      var same = before && document.getElementById(button.dataset.lang + "-" + before);
      if (same) { location.replace("#" + same.id); } else { window.scrollTo(0, 0); }
      document.querySelector("#" + button.dataset.lang + " [aria-pressed=true]").focus({ preventScroll: true });
    } else if (button && button.classList.contains("print")) {
      window.print();
    } else if (button && button.classList.contains("sort")) {
      var head = button.closest("th");
      var now = head.getAttribute("aria-sort");
      sort(head.closest("table"), head.cellIndex, now ? (now === "descending" ? 1 : -1) : usual(head));
    }
  });

  // Numbers from the largest down, words from A on.
  function usual(head) { return head.classList.contains("num") ? -1 : 1; }

  function key(row, column) {
    var cell = row.cells[column];
    if (cell.dataset.v === undefined) { return cell.textContent.trim().toLowerCase(); }
    return cell.dataset.v === "" ? null : Number(cell.dataset.v);
  }

  function sort(table, column, way) {
    var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows), lang = root.lang;
    rows.sort(function (a, b) {
      var x = key(a, column), y = key(b, column);
      if (x === null || y === null) { return (x === null) - (y === null); }
      if (typeof x === "string") { return way * x.localeCompare(y, lang, { numeric: true }); }
      return way * (x - y);
    });
    rows.forEach(function (row) { body.appendChild(row); });
    shorten(table);
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, i) {
      if (i === column) { head.setAttribute("aria-sort", way < 0 ? "descending" : "ascending"); }
      else { head.removeAttribute("aria-sort"); }
    });
  }

  // A long list shows its head until somebody asks for the rest.
  var HEAD = 12;
  function shorten(table) {
    var whole = table.classList.contains("whole"), place = 0;
    Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
      if (!row.hidden) { place += 1; }
      row.classList.toggle("beyond", !whole && !row.hidden && place > HEAD);
    });
    return place;
  }

  function more(table, words) {
    if (table.tBodies[0].rows.length <= HEAD) { return; }
    var button = document.createElement("button");
    button.type = "button";
    button.className = "all";
    button.textContent = words.all.replace("{all}", table.tBodies[0].rows.length);
    button.addEventListener("click", function () {
      table.classList.add("whole");
      shorten(table);
      button.remove();
    });
    table.parentNode.after(button);
    shorten(table);
  }

  function tools(table) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var words = table.closest(".page").dataset;
    var bar = document.createElement("div"), find = document.createElement("input");
    var count = document.createElement("span"), only = null;
    bar.className = "filters";
    find.type = "search";
    find.placeholder = words.find;
    find.className = "find";
    find.setAttribute("aria-label", words.find);
    bar.appendChild(find);
    if (table.querySelector("tr.late")) {
      var label = document.createElement("label");
      only = document.createElement("input");
      only.type = "checkbox";
      label.append(only, " " + words.late);
      bar.appendChild(label);
      only.addEventListener("change", filter);
    }
    var by = document.createElement("label"), choice = document.createElement("select");
    by.className = "by";
    choice.appendChild(new Option("–", ""));
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, i) {
      if (head.querySelector(".sort")) { choice.appendChild(new Option(head.textContent, i)); }
    });
    by.append(words.sort + " ", choice);
    choice.addEventListener("change", function () {
      if (choice.value) {
        sort(table, Number(choice.value), usual(table.tHead.rows[0].cells[choice.value]));
      }
    });
    count.className = "count";
    count.setAttribute("role", "status");
    bar.append(by, count);
    table.caption.appendChild(bar);

    function filter() {
      var wanted = find.value.trim().toLowerCase(), shown = 0;
      rows.forEach(function (row) {
        var fits = row.textContent.toLowerCase().indexOf(wanted) >= 0 &&
          (!only || !only.checked || row.classList.contains("late"));
        row.hidden = !fits;
        shown += fits;
      });
      count.textContent = shown === rows.length ? "" :
        words.shown.replace("{shown}", shown).replace("{all}", rows.length);
      shorten(table);
    }
    find.addEventListener("input", filter);
    more(table, words);
  }

  Array.prototype.forEach.call(document.querySelectorAll("table.list"), function (table) {
    if (table.tBodies[0].rows.length > 4 && table.querySelector(".sort")) { tools(table); }
  });

  function open() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) { return; }
    var page = target.closest(".page");
    if (page.hidden) { speak(page.lang); }
    if (target.tagName === "DETAILS") {
      target.open = true;
      target.querySelector("summary").focus({ preventScroll: true });
      target.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", open);
  document.addEventListener("click", function (event) {
    var cell = event.target.closest(".cell");
    if (cell && cell.hash === location.hash) { open(); }
  });
  open();
}());
