(function () {
  "use strict";
  // Sections of the chosen customers, by the classes of all; cleared, the page is as it was written.
  var all, tools, said, page, make;

  function part(name) { return document.getElementById(page.lang + "-" + name); }
  function say(key, fields) { return tools.say(key, fields); }
  function money(value, signed) { return tools.money(value, signed); }
  function share(value, decimals) { return tools.percent(value, decimals); }
  function short(text, limit) { return text.length <= limit ? text : text.slice(0, limit - 1) + "…"; }
  function isolated(i) { return "\u2068" + short(tools.name(i), 60) + "\u2069"; }
  function add(box) {
    Array.prototype.slice.call(arguments, 1).forEach(function (one) { if (one !== "" && one !== null) { box.append(one); } });
    return box;
  }
  function bdi(text, limit) { return tools.bdi(text, limit); }
  function card(i) { return tools.card(i); }
  function tag(code) { return tools.tag(code); }
  function changed(value) { return make("b", value < 0 ? "down" : value > 0 ? "up" : "", money(value, true)); }
  function cell(label, content, kind) {
    var box = make("td", kind || "num");
    box.dataset.label = label;
    return add(box, content);
  }

  function added(shown) {
    var count = all.buckets.now.count, sums = {
      value: 0, positive: 0, before: 0, sold: 0, unsold: 0, classes: [0, 0, 0], inA: 0,
      segments: [], steps: [], owners: new Map(), events: [], months: [[], [], []], total: [], then: [] };
    var at, k;
    for (k = 0; k < 9; k += 1) { sums.segments.push({ count: 0, value: 0, before: 0 }); }
    for (k = 0; k < 4; k += 1) { sums.steps.push({ count: 0, change: 0, who: [] }); }
    for (k = 0; k < 10; k += 1) { sums.events.push({ count: 0, before: 0, after: 0 }); }
    for (at = 0; at < count; at += 1) { sums.total[at] = 0; sums.then[at] = 0; for (k = 0; k < 3; k += 1) { sums.months[k][at] = 0; } }
    shown.forEach(function (i) {
      var value = all.value[i] || 0, letter = all.segment[i], before = all.before && all.before[i] || 0;
      var abc = letter === "-" ? all.alone[i] : Math.floor(letter / 3);
      sums.value += value;
      sums.positive += Math.max(value, 0);
      sums.before += before;
      if (letter === "-") { sums.unsold += 1; } else {
        sums.sold += 1;
        sums.segments[letter].count += 1;
        sums.segments[letter].value += value;
      }
      if (abc !== undefined) { sums.classes[abc] += value; if (!abc) { sums.inA += 1; } }
      tools.series(all.buckets.now, i, value).forEach(function (one, place) {
        sums.total[place] += one;
        if (abc !== undefined) { sums.months[abc][place] += one; }
      });
      if (all.compared) { tools.series(all.buckets.then, i, before).forEach(function (one, place) { sums.then[place] += one; }); }
      var step = all.step ? "ngsx".indexOf(all.step[i]) : -1;
      if (step >= 0) {
        sums.steps[step].count += 1;
        sums.steps[step].change += value - before;
        sums.steps[step].who.push(i);
      }
      if (all.owner[i] >= 0) {
        var whose = sums.owners.get(all.owner[i]) || { count: 0, value: 0, before: 0, calls: 0, question: 0 };
        whose.count += letter === "-" ? 0 : 1;
        whose.value += value;
        whose.before += before;
        sums.owners.set(all.owner[i], whose);
      }
      if (all.moves) {
        var event = all.moves.event[i], was = all.moves.segment[i];
        if (was >= "0") { sums.segments[was].before += 1; }
        if (event !== "-") {
          sums.events[event].count += 1;
          sums.events[event].before += value - all.moves.change[i];
          sums.events[event].after += value;
        }
      }
    });
    return sums;
  }

  function heading(sums, calls) {
    var growth = all.compared && sums.before > 0 ? (sums.value - sums.before) / sums.before : NaN, silent = 0;
    (calls || []).forEach(function (one) { silent += one[6]; });
    var grown = isNaN(growth) ? "" : Math.abs(growth) < said.still ? say("still") : say(growth > 0 ? "rose" : "fell", { share: share(Math.abs(growth), Math.abs(growth) < said.whole ? 1 : 0) });
    var silence = say("silent", { n: silent }), a = sums.classes[0] / sums.positive;
    page.querySelector("h1").textContent = grown && silent ?
      say(sums.value > sums.before ? "but" : "and", { growth: grown, silence: silence }) :
      grown || (silent ? silence : sums.inA && isFinite(a) ? say("carries", { n: sums.inA, value: share(a) }) : say("nobody"));
    page.querySelector(".sold").textContent = say("sold", { n: sums.sold });
  }
  function figures(sums, calls) {
    var question = 0, change = sums.value - sums.before, core = sums.segments[0];
    (calls || []).forEach(function (one) { question += one[4] || 0; });
    page.querySelectorAll("[data-figure]").forEach(function (box) {
      var big = box.querySelector(".big"), note = box.querySelector(".note"), which = box.dataset.figure;
      if (which === "value") {
        big.textContent = money(sums.value);
        if (all.compared) {
          note.replaceChildren();
          if (change) { add(note, changed(change), " "); }
          note.append(change ? note.dataset.text : note.dataset.same);
        }
      } else if (which === "a") {
        big.textContent = share(sums.classes[0] / sums.positive);
        note.textContent = say("part", { n: sums.inA, all: tools.number(sums.sold) });
      } else if (which === "core") {
        big.textContent = share(core.value / sums.positive);
        note.textContent = money(core.value);
      } else if (calls) {
        big.textContent = money(question);
        big.classList.toggle("down", calls.length > 0);
        note.textContent = calls.length ? say("toCall", { n: calls.length }) : "";
      }
    });
  }

  function callRow(one, most) {
    var i = one[0], row = make("li"), who = make("div", "who"), code = tools.segment(i), track = make("div", "track");
    var past = one[6] ? say("never") : one[3] === null ? say("once") : say("pause", { n: one[3] });
    add(who, card(i), make("small", "", past + (one[5] === null ? "" : " · " + say("chance", { chance: share(one[5]) }))));
    var bar = make("i", one[6] ? "never" : "again");
    bar.style.width = one[1] / most * 100 + "%";
    track.setAttribute("aria-hidden", "true");
    track.append(bar);
    [[one[2], "b"], [one[3], "em"]].forEach(function (mark) {
      if (mark[0] === null) { return; }
      var made = make(mark[1]);
      made.style.left = Math.min(mark[0] / most, 1) * 100 + "%";
      track.append(made);
    });
    var days = make("span", "", say("days", { n: one[1] }));
    if (one[2] !== null) { days.append(" ", make("small", "", "(" + say("usually", { days: tools.number(one[2]) }) + ")")); }
    add(row, who, tag(code), add(make("div", "silence"), track, days), make("div", "money", money(one[4])),
      add(make("div", "strips"), tools.strip(i)), add(make("div", "owner"), tools.owner(i) ? bdi(tools.owner(i), 40) : all.owners.length ? "–" : ""));
    var hint = code ? said.segments[tools.segments.indexOf(code)].hint : "";
    if (hint) { row.append(make("p", "say", hint)); }
    return row;
  }
  function callList(calls, chosen) {
    var box = part("calls"), back = all.returned.filter(function (one) { return chosen[one[0]]; });
    if (calls) {
      var first = calls.length ? isolated(calls[0][0]) : "";
      var longer = calls.filter(function (one) { return one[3] !== null && !one[6]; }).length;
      var begun = calls.length > 1 ? say("calls", { n: calls.length - 1, name: first }) : calls.length ? say("call", { name: first }) : "";
      box.querySelector("h2").textContent = !begun ? (back.length ? say("onlyReturned", { n: back.length }) : say("noCalls")) :
        longer && calls.length > 1 ? say("ofThem", { n: longer, begun: begun }) : back.length ? say("returned", { n: back.length, begun: begun }) : begun;
    }
    // The sentences and the button after the list are of all; the other lists have rows of their own.
    box.querySelectorAll(".intro, .actions").forEach(function (one) { if (one.parentNode === box) { one.hidden = !calls || !calls.length; } });
    box.querySelectorAll(":scope > .note").forEach(function (one) { one.hidden = true; });
    var lists = box.querySelectorAll("ol.calls"), most = 1;
    (calls || []).forEach(function (one) { most = Math.max(most, one[1], one[3] || 0); });
    if (lists.length && calls) {
      lists[0].replaceChildren.apply(lists[0], calls.slice(0, lists[1] ? said.most.open : said.most.calls).map(function (one) { return callRow(one, most); }));
      if (lists[1]) {
        var others = calls.slice(said.most.open, said.most.calls), folded = lists[1].closest("details");
        lists[1].replaceChildren.apply(lists[1], others.map(function (one) { return callRow(one, most); }));
        folded.hidden = !others.length;
        folded.querySelector("summary").textContent = say("more", { n: others.length });
      }
      if (calls.length > said.most.calls) { box.querySelector(":scope > .actions").after(make("p", "note", say("inWorkbook", { n: calls.length - said.most.calls }))); }
    }
    var folder = box.querySelector(".returned");
    if (folder) {
      folder.hidden = !back.length;
      folder.querySelector("summary").textContent = say("cameBack", { n: back.length });
      var names = Array.prototype.map.call(folder.querySelectorAll("thead th"), function (one) { return one.textContent; });
      var rows = folder.querySelector("tbody");
      rows.replaceChildren.apply(rows, back.slice(0, said.most.calls).map(function (one) {
        var i = one[0], row = make("tr"), who = make("th"), code = tools.segment(i);
        who.scope = "row";
        add(who, card(i), " ", tag(code));
        return add(row, who, cell(names[1], tools.number(one[1])), cell(names[2], tools.number(one[2])), cell(names[3], money(all.value[i])),
          names[4] ? cell(names[4], tools.owner(i) ? bdi(tools.owner(i), 40) : "–", "owner") : "");
      }));
    }
    box.querySelectorAll("[data-kind]").forEach(function (list) {
      var count = all.alerts[list.dataset.kind].filter(function (i) { return chosen[i]; }).length, left = only(list, chosen);
      list.hidden = !count;
      list.querySelector("summary").textContent = list.dataset.title + ": " + tools.number(count);
      list.querySelectorAll(".note").forEach(function (one) { one.remove(); });
      if (count > left) { list.append(make("p", "note", say("mostMoney", { shown: tools.number(left), all: tools.number(count) }))); }
    });
  }
  // Hides the rows of other customers, and counts those that are left.
  function only(box, chosen) {
    var left = 0;
    box.querySelectorAll("[data-who]").forEach(function (row) {
      var i = tools.places.get(row.dataset.who);
      row.hidden = i === undefined || !chosen[i];
      left += row.hidden ? 0 : 1;
    });
    return left;
  }
  function growthList(chosen) {
    var box = part("growth");
    if (!box) { return; }
    var found = all.growth.filter(function (i) { return chosen[i]; }), left = only(box, chosen);
    box.hidden = !found.length;
    if (!found.length) { return; }
    box.querySelector("h2").textContent = found.length > 1 ? say("rises", { n: found.length - 1, name: isolated(found[0]) }) : say("rise", { name: isolated(found[0]) });
    box.querySelectorAll(".note").forEach(function (one) { one.hidden = true; });
    box.querySelector("table").hidden = !left;
    if (found.length > left) { box.append(make("p", "note", say("inWorkbook", { n: found.length - left }))); }
  }

  function scale(most) {
    var step = Math.pow(10, Math.floor(Math.log10(most))), ticks = [];
    step = [step / 5, step / 2, step, 2 * step].find(function (one) { return most / one <= 5; });
    for (var i = 0; i <= Math.floor(most / step); i += 1) { ticks.push(step * i); }
    return [most * 1.04, ticks];
  }
  function months(sums) {
    var box = part("months");
    if (!box) { return; }
    var most = Math.max.apply(null, sums.total);
    box.hidden = !(most > 0);
    if (box.hidden) { return; }
    var dashed = box.querySelector(".dash"), rows = box.querySelectorAll(".data tbody tr"), plot = box.querySelector(".plot");
    var scaled = scale(Math.max(most, dashed ? Math.max.apply(null, sums.then) : 0)), best = sums.total.indexOf(most), line = [];
    box.querySelector("h2").textContent = say(box.querySelector("[data-bucket=month]") ? "bestMonth" : "bestPeriod",
      { month: rows[best].firstElementChild.textContent, money: money(most), share: share(sums.classes[0] / sums.positive) });
    box.querySelector(".chart").setAttribute("aria-label", box.querySelector("h2").textContent);
    plot.querySelectorAll(".tick").forEach(function (one) { one.remove(); });
    box.querySelector(".chart").style.setProperty("--room", Math.max.apply(null, scaled[1].map(function (one) { return money(one).length; })) + "ch");
    scaled[1].forEach(function (one) {
      var tick = add(make("div", "tick"), make("span", "", money(one)));
      tick.style.bottom = one / scaled[0] * 100 + "%";
      plot.insertBefore(tick, plot.querySelector("svg"));
    });
    plot.querySelectorAll("g").forEach(function (group, at) {
      var from = 100, parts = sums.months.map(function (one) { return one[at]; });
      group.querySelectorAll("rect").forEach(function (bar, k) {
        var height = Math.max(parts[k], 0) / scaled[0] * 100;
        from -= height;
        bar.setAttribute("y", from);
        bar.setAttribute("height", height);
      });
      var label = rows[at].firstElementChild.textContent, past = dashed ? sums.then[at] : null;
      group.querySelector("title").textContent = label + ": " + money(sums.total[at]) + " (" +
        parts.map(function (one, k) { return "ABC"[k] + " " + money(one); }).join(", ") + ")" + (dashed ? "; " + say("before", { money: money(past) }) : "");
      line.push(at * 10 + 5 + " " + (100 - (past || 0) / scaled[0] * 100));
      parts.concat([sums.total[at], past]).forEach(function (one, k) { rows[at].cells[k + 1].textContent = money(one); });
    });
    if (dashed) { dashed.setAttribute("d", "M" + line.join("L")); }
    box.querySelectorAll("[data-class]").forEach(function (key, k) { key.textContent = "ABC"[k] + " " + share(sums.classes[k] / sums.positive); });
  }

  function bridge(sums) {
    var box = part("changes"), steps = sums.steps;
    if (!all.compared) { return; }
    var lost = -(steps[2].change + steps[3].change), won = steps[0].change + steps[1].change, fields = { lost: money(lost), won: money(won) };
    box.querySelector("h2").textContent = won <= 0 && lost <= 0 ? say("unchanged") : lost <= 0 ? say("onlyMore", fields) :
      won <= 0 ? say("onlyLess", fields) : say(steps[1].change >= steps[0].change ? "byOld" : "byNew", fields);
    var widest = Math.max.apply(null, steps.map(function (one) { return Math.abs(one.change); })) || 1;
    var ends = box.querySelectorAll(".end dd");
    ends[0].textContent = money(sums.before);
    ends[1].textContent = money(sums.value);
    box.querySelectorAll(".bridge .step").forEach(function (row, k) {
      row.querySelector("small").textContent = tools.number(steps[k].count);
      row.querySelector("i").style.width = Math.abs(steps[k].change) / widest * 100 + "%";
      row.querySelector("b").replaceWith(changed(steps[k].change));
    });
    box.querySelectorAll("[data-step]").forEach(function (list) {
      var k = Number(list.dataset.step), rows = list.querySelector("ol"), who = steps[k].who;
      function change(i) { return (all.value[i] || 0) - (all.before[i] || 0); }
      who.sort(function (one, other) { return Math.abs(change(other)) - Math.abs(change(one)); });
      list.hidden = !who.length;
      list.querySelector("summary").textContent = said.steps[k] + ": " + tools.number(who.length);
      rows.replaceChildren.apply(rows, who.slice(0, said.most.names).map(function (i) { return add(make("li"), card(i), " ", changed(change(i))); }));
      list.querySelectorAll(".note").forEach(function (one) { one.remove(); });
      if (who.length > said.most.names) { list.append(make("p", "note", say("more", { n: who.length - said.most.names }))); }
    });
  }
  function together(sums, codes) {
    return codes.reduce(function (sum, k) { return sum + sums.events[k].count; }, 0);
  }
  function structure(sums, shown) {
    var box = part("structure");
    if (!box || !all.moves) { return; }
    var fell = together(sums, said.codes.fell), rose = together(sums, said.codes.rose);
    box.querySelector("h2").textContent = fell || rose ? say("moved", { n: fell, rose: tools.number(rose) }) : say("stayed");
    var names = Array.prototype.map.call(box.querySelectorAll("thead th"), function (one) { return one.textContent; }), rows = [];
    sums.events.forEach(function (one, k) {
      if (!one.count) { return; }
      var row = make("tr"), who = make("th", "", said.events[k]), change = one.after - one.before;
      who.scope = "row";
      rows.push(add(row, who, cell(names[1], tools.number(one.count)), cell(names[2], money(one.before)), cell(names[3], money(one.after)),
        cell(names[4], money(change, true), "num" + (change < 0 ? " down" : change > 0 ? " up" : ""))));
    });
    var body = box.querySelector("tbody"), list = box.querySelector(".names");
    body.replaceChildren.apply(body, rows);
    function change(i) { return all.moves.change[i]; }
    var movers = shown.filter(function (i) { return all.moves.event[i] !== "-" && said.codes.quiet.indexOf(Number(all.moves.event[i])) < 0; });
    movers.sort(function (one, other) { return Math.abs(change(other)) - Math.abs(change(one)); });
    if (list) { list.previousElementSibling.hidden = !movers.length; list.replaceChildren.apply(list, movers.slice(0, said.most.names).map(function (i) {
      return add(make("li"), card(i), " ", tools.move(all.moves.segment[i], all.segment[i]), " ", changed(change(i)));
    })); }
  }

  function cells(sums) {
    var box = part("cells"), top = 0, most = 0;
    function part_of(one) { return sums.positive ? one.value / sums.positive : NaN; }
    sums.segments.forEach(function (one, k) {
      if ((part_of(one) || 0) > (part_of(sums.segments[top]) || 0)) { top = k; }
      if (sums.positive) { most = Math.max(most, part_of(one), one.count / sums.sold || 0); }
    });
    box.querySelector("h2").textContent = say("cells", { n: sums.segments[top].count, segment: tools.segments[top],
      base: share(sums.segments[top].count / sums.sold), money: share(part_of(sums.segments[top])) });
    box.querySelectorAll("a.cell").forEach(function (link) {
      var one = sums.segments[tools.segments.indexOf(link.dataset.cell)], value = Math.max(part_of(one) || 0, 0), change = one.count - one.before;
      link.classList.toggle("empty", !one.count);
      link.querySelector("b").textContent = link.dataset.cell + (one.count ? " " + share(value) : "");
      link.querySelector(".bars").hidden = !one.count;
      link.querySelector("i").style.width = value / (most || 1) * 100 + "%";
      link.querySelector("em").style.width = (one.count / sums.sold || 0) / (most || 1) * 100 + "%";
      link.querySelector(".line").textContent = one.count ? say("customers", { n: one.count }) +
        (all.moves && change ? " (" + (change > 0 ? "+" : "") + tools.number(change) + ")" : "") : say("empty");
    });
    var without = box.querySelector(".note");
    if (without) {
      without.hidden = !sums.unsold;
      without.textContent = say("without", { n: sums.unsold });
    }
  }
  function owners(sums, calls) {
    var box = part("owners");
    if (!box) { return; }
    (calls || []).forEach(function (one) {
      var whose = sums.owners.get(all.owner[one[0]]);
      if (whose) { whose.calls += 1; whose.question += one[4] || 0; }
    });
    var rows = Array.from(sums.owners).sort(function (one, other) {
      return other[1].question - one[1].question || other[1].value - one[1].value || one[0] - other[0];
    });
    box.hidden = !rows.length;
    if (!rows.length) { return; }
    box.querySelector("h2").textContent = rows[0][1].question > 0 ? say("question", { owner: all.owners[rows[0][0]], money: money(rows[0][1].question) }) : say("noQuestion");
    var names = Array.prototype.map.call(box.querySelectorAll("thead th"), function (one) { return one.textContent; }), body = box.querySelector("tbody");
    body.replaceChildren.apply(body, rows.slice(0, said.most.owners).map(function (pair) {
      var one = pair[1], growth = all.compared && one.before > 0 ? one.value / one.before - 1 : NaN, who = make("th"), link = make("a", "open");
      who.scope = "row";
      link.href = "#" + new URLSearchParams({ lang: page.lang, owner: all.owners[pair[0]] });
      link.append(bdi(all.owners[pair[0]], 40));
      add(who, link, " ", make("small", "", say("customers", { n: one.count })));
      var question = document.createDocumentFragment();
      if (one.calls) { add(question, make("b", "down", money(one.question)), " ", make("small", "", say("customers", { n: one.calls }))); } else { question.append("–"); }
      return add(make("tr"), who, cell(names[1], money(one.value)),
        cell(names[2], isNaN(growth) ? "–" : (growth >= 0.005 ? "+" : "") + share(growth), "num " + (all.compared && one.value < one.before ? "down" : "up")),
        cell(names[3], question));
    }));
    box.querySelectorAll(".note").forEach(function (one) { one.hidden = true; });
    if (rows.length > said.most.owners) { box.append(make("p", "note", say("more", { n: rows.length - said.most.owners }))); }
  }

  // What is replaced, as it was written; and what is known of all together only.
  function restore(one) {
    one.querySelectorAll("[data-part]").forEach(function (box) {
      if (!box.written) { box.written = Array.from(box.childNodes); }
      box.replaceChildren.apply(box, box.written);
      box.hidden = false;
    });
    one.querySelectorAll("[data-all]").forEach(function (box) { box.hidden = false; });
  }
  document.addEventListener("unfiltered", function (event) { restore(event.detail.page); });
  document.addEventListener("filtered", function (event) {
    tools = event.detail.tools;
    all = tools.all;
    page = event.detail.page;
    make = tools.make;
    said = tools.words();
    restore(page);
    page.querySelectorAll("[data-part]").forEach(function (box) {
      box.replaceChildren.apply(box, box.written.map(function (one) { return one.cloneNode(true); }));
    });
    page.querySelectorAll("[data-all]").forEach(function (box) { box.hidden = true; });
    var shown = event.detail.shown, chosen = new Uint8Array(all.n), sums;
    shown.forEach(function (i) { chosen[i] = 1; });
    page.querySelectorAll("section[data-part]").forEach(function (box) { box.hidden = !shown.length; });
    sums = added(shown);
    var calls = all.calls && all.calls.filter(function (one) { return chosen[one[0]]; });
    heading(sums, calls);
    figures(sums, calls);
    if (!shown.length) { return; }
    callList(calls, chosen);
    growthList(chosen);
    months(sums);
    bridge(sums);
    structure(sums, shown);
    cells(sums);
    owners(sums, calls);
  });
}());
