(function () {
  "use strict";
  // Moves between the classes in the chosen month, from the classes by date of all customers.
  var SAME = 0, UP = 1, DOWN = 2, NEW = 4, RETURNED = 5, LOST = 6, LISTED = 7, IDLE = 8, REMOVED = 9;
  function event(before, after) {
    if (before === ".") { return after === "." ? -1 : after === "-" ? LISTED : NEW; }
    if (after === ".") { return REMOVED; }
    if (before === "-") { return after === "-" ? IDLE : RETURNED; }
    return after === "-" ? LOST : before === after ? SAME : before > after ? UP : DOWN;
  }
  // The state on a date: the last change up to it.
  function at(changes, day) {
    var state = ".";
    for (var k = 0; k < changes.length && changes.charCodeAt(k) - 97 <= day; k += 2) { state = changes.charAt(k + 1); }
    return state;
  }
  function moves(tools, box, day) {
    var all = tools.all, said = tools.words(), make = tools.make, counts = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], who = [];
    for (var i = 0; i < all.n; i += 1) {
      var before = at(all.classes[i], day - 1), after = at(all.classes[i], day), code = event(before, after);
      if (code >= 0) { counts[code] += 1; }
      // Customers stand in the order of their value, the largest first.
      if (code >= 0 && said.codes.quiet.indexOf(code) < 0 && who.length < said.most.names) { who.push([i, before, after]); }
    }
    function together(codes) { return codes.reduce(function (sum, code) { return sum + counts[code]; }, 0); }
    var fell = together(said.codes.fell), rose = together(said.codes.rose);
    var sums = make("p", "legend"), list = make("ol", "names");
    counts.forEach(function (count, code) { if (count) { sums.append(make("span", "key event", said.events[code] + ": " + tools.number(count)), " "); } });
    who.forEach(function (one) {
      var row = make("li");
      row.append(tools.card(one[0]), " ", tools.move(one[1], one[2]));
      list.append(row);
    });
    box.replaceChildren(make("h3", "", fell || rose ? tools.say("moved", { n: fell, rose: tools.number(rose) }) : tools.say("stayed")), sums, list);
  }
  document.addEventListener("applied", function (event) {
    var tools = event.detail.tools, page = event.detail.page, all = tools.all;
    var section = document.getElementById(page.lang + "-time");
    if (!section || !all.classes || section.hidden) { return; }
    var dates = tools.words().dates, box = section.querySelector(".moves"), choice = box.querySelector("select"), shown = box.querySelector("div");
    if (!choice.options.length) {
      for (var k = dates.length - 1; k > 0; k -= 1) { choice.append(new Option(dates[k], tools.words().days[k])); }
      choice.addEventListener("change", function () { tools.go({ month: choice.value }, true); });
    }
    var day = tools.words().days.indexOf(event.detail.state.month);
    if (day < 1) { day = dates.length - 1; }
    choice.value = tools.words().days[day];
    box.hidden = false;
    // Those of the newest result stand in the section that follows, with their money.
    var newest = document.getElementById(page.lang + "-structure"), told = newest && day === dates.length - 1;
    if (newest) { newest.hidden = !told; }
    shown.hidden = told;
    if (box.day !== day) { moves(tools, shown, day); box.day = day; }
  });
}());
