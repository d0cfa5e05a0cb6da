(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  var pages = Array.prototype.slice.call(document.querySelectorAll(".page"));
  var FILTERS = ["q", "owner", "segment", "step"], ROW = 64;
  var STEPS = "ngsx", NAMES = ["new", "grown", "shrunk", "gone"];
  var SEGMENTS = ["AX", "AY", "AZ", "BX", "BY", "BZ", "CX", "CY", "CZ"];
  var all = null, shown = [], state = {}, known = "", texts = [], places = new Map();

  function here() { return pages.find(function (page) { return !page.hidden; }); }
  function words() {
    var page = here();
    page.said = page.said || JSON.parse(page.dataset.words);
    return page.said;
  }
  function make(name, className, content) {
    var one = document.createElement(name);
    if (className) { one.className = className; }
    if (content !== undefined) { one.textContent = content; }
    return one;
  }
  function bdi(content) { return make("bdi", "", content); }
  function fold(text) { return text.toLowerCase().replace(/ё/g, "е"); }
  function fill(template, fields) {
    return template.replace(/\{(\w+)\}/g, function (whole, name) { return name in fields ? fields[name] : whole; });
  }

  // The same rules by which the page's numbers were written.
  function number(value, decimals) {
    var rules = words().format, plain = Math.abs(value).toFixed(decimals || 0).split(".");
    var written = plain[0].replace(/\B(?=(\d{3})+$)/g, rules.group) + (plain[1] ? rules.decimal + plain[1] : "");
    return value < 0 && Number(plain.join(".")) ? rules.minus + written : written;
  }
  function money(value, signed) {
    if (value === null || value === undefined) { return "–"; }
    var rules = words().format, power = 0, scaled = value;
    while (Math.abs(scaled) >= 999.5 && power < rules.units.length - 1) { power += 1; scaled /= 1000; }
    var tenths = Math.round(Math.abs(scaled) * 10) / 10;
    var plain = number(scaled, power && Math.abs(scaled) < 9.95 && tenths % 1 ? 1 : 0) + rules.units[power];
    if (signed && scaled > 0) { plain = "+" + plain; }
    if (!rules.currency) { return plain; }
    var sign = plain.charAt(0) === "+" ? "+" : plain.indexOf(rules.minus) === 0 ? rules.minus : "";
    return sign + rules.money.replace("{number}", plain.slice(sign.length)).replace("{currency}", rules.currency);
  }
  function percent(share) {
    return isFinite(share) ? words().format.percent.replace("{number}", number(share * 100)) : "–";
  }

  // The address holds the language, the filters and the open customer.
  function readState() {
    var fields = location.hash.indexOf("=") > 0 ? new URLSearchParams(location.hash.slice(1)) : new URLSearchParams();
    state = {};
    known = location.hash;
    fields.forEach(function (value, name) { if (value) { state[name] = value; } });
    if (state.lang && document.getElementById(state.lang)) { speak(state.lang); }
  }
  function address(changes) {
    var fields = new URLSearchParams();
    var next = Object.assign({ lang: here().lang }, state, changes);
    Object.keys(next).forEach(function (name) { if (next[name]) { fields.set(name, next[name]); } });
    return "#" + fields.toString();
  }
  function go(changes, quietly) {
    var to = address(changes);
    // At once, not at the event that follows: what is done next finds the new state.
    if (quietly) { history.replaceState(null, "", to); } else { location.hash = to; }
    readState();
    apply();
  }

  function speak(lang) {
    pages.forEach(function (page) { page.hidden = page.lang !== lang; });
    root.lang = lang;
    document.title = document.getElementById(lang).dataset.title;
  }

  function unpack() {
    var box = document.getElementById("customers"), packed = box.textContent;
    // The live page has the customers behind an address, and the browser unpacks them.
    if (box.dataset.source) { return fetch(box.dataset.source).then(function (answer) { return answer.ok ? answer.json() : null; }); }
    if (!packed || !window.DecompressionStream) { return Promise.resolve(null); }
    var bytes = Uint8Array.from(atob(packed), function (one) { return one.charCodeAt(0); });
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  }
  function name(i) { return all.name[i] || all.id[i]; }
  function owner(i) { return all.owner[i] < 0 ? "" : all.owners[all.owner[i]]; }
  function segment(i) { return all.segment[i] === "-" ? "" : SEGMENTS[Number(all.segment[i])]; }

  // Industries, regions and sizes have names in the languages of the page; other values are data.
  function title(one, lang) { return one.title && (one.title[lang] || one.title.en) || one.name; }
  function choice(one, k, lang) {
    var label = one.labels && one.labels[k];
    return label && (label[lang] || label.en) || one.choices[k];
  }

  function choices() {
    pages.forEach(function (page) {
      var bar = page.querySelector(".bar"), owners = bar.querySelector("[name=owner]");
      all.owners.forEach(function (one) { owners.append(new Option(one, one)); });
      owners.closest("label").hidden = !all.owners.length;
      SEGMENTS.forEach(function (one) { bar.querySelector("[name=segment]").append(new Option(one, one)); });
      all.attributes.forEach(function (one) {
        var label = make("label"), select = make("select");
        select.name = "by " + one.name;
        select.append(new Option(title(one, page.lang), ""));
        one.choices.forEach(function (value, k) { select.append(new Option(choice(one, k, page.lang), value)); });
        label.append(make("span", "unseen", title(one, page.lang)), select);
        bar.querySelector(".more").append(label);
      });
    });
    all.attributes.forEach(function (one) { FILTERS.push("by " + one.name); });
    // These places are no links without the script.
    document.querySelectorAll("[data-go]").forEach(function (one) {
      one.href = "#lang=" + one.closest(".page").lang + "&" + one.dataset.go;
    });
  }

  function filtered() { return FILTERS.some(function (one) { return state[one]; }); }
  function select() {
    var wanted = fold(state.q || "").split(/\s+/).filter(Boolean), found = [];
    var byOwner = state.owner ? all.owners.indexOf(state.owner) : null;
    var bySegment = state.segment ? String(SEGMENTS.indexOf(state.segment)) : null;
    var byStep = state.step && all.step ? STEPS.charAt(NAMES.indexOf(state.step)) : null;
    var others = all.attributes.filter(function (one) { return state["by " + one.name]; }).map(function (one) {
      return [one.code, one.choices.indexOf(state["by " + one.name])];
    });
    for (var i = 0; i < all.n; i += 1) {
      if ((byOwner === null || all.owner[i] === byOwner) &&
          (bySegment === null || all.segment[i] === bySegment) &&
          (byStep === null || all.step[i] === byStep) &&
          others.every(function (one) { return one[0][i] === one[1]; }) &&
          wanted.every(function (one) { return texts[i].indexOf(one) >= 0; })) { found.push(i); }
    }
    return found;
  }

  function apply() {
    if (!all) { return; }
    var page = here(), active = filtered();
    page.querySelectorAll(".bar [name]").forEach(function (one) {
      if (document.activeElement !== one) { one.value = state[one.name] || ""; }
    });
    page.querySelector(".clear").hidden = !active;
    page.querySelector(".found").hidden = !active;
    page.querySelector(".whole").hidden = !active;
    page.querySelectorAll("[data-owner]").forEach(function (one) {
      var segmented = one.dataset.segment !== undefined;
      one.hidden = Boolean(state.owner && one.dataset.owner !== state.owner) ||
        Boolean(segmented && state.segment && one.dataset.segment !== state.segment);
    });
    page.querySelectorAll("a.cell").forEach(function (one) {
      if (one.dataset.cell === state.segment) { one.setAttribute("aria-current", "true"); }
      else { one.removeAttribute("aria-current"); }
    });
    if (active) {
      shown = select();
      var list = page.querySelector(".virtual"), said = words();
      page.querySelector(".count").textContent = shown.length ?
        fill(said.found, { shown: number(shown.length), all: number(all.n) }) +
        (state.step ? " · " + said.steps[NAMES.indexOf(state.step)] : "") : said.nobody;
      list.hidden = !shown.length;
      list.scrollTop = 0;
      list.firstElementChild.style.height = shown.length * ROW + "px";
      draw(list);
      document.dispatchEvent(new CustomEvent("filtered", { detail: { page: page, state: state } }));
    }
    figures(page, active);
    openCard();
  }

  // Figures of the chosen customers; those of everybody are as the page was written.
  function figures(page, active) {
    page.querySelectorAll("[data-figure]").forEach(function (box) {
      var big = box.querySelector(".big"), note = box.querySelector(".note");
      if (!box.first) { box.first = [big.textContent, note.innerHTML]; }
      big.textContent = box.first[0];
      note.hidden = active;
      if (!active || box.dataset.figure === "doubt") { note.hidden = false; return; }
      var sums = [0, 0, 0, 0];
      shown.forEach(function (i) {
        var value = all.value[i] || 0;
        sums[0] += value;
        sums[1] += Math.max(value, 0);
        if (all.segment[i] !== "-" && Number(all.segment[i]) < 3) { sums[2] += Math.max(value, 0); }
        if (all.segment[i] === "0") { sums[3] += Math.max(value, 0); }
      });
      big.textContent = box.dataset.figure === "value" ? money(sums[0]) :
        percent(sums[box.dataset.figure === "a" ? 2 : 3] / sums[1]);
    });
  }

  function draw(list) {
    var rows = list.firstElementChild, first = Math.max(0, Math.floor(list.scrollTop / ROW) - 6);
    var last = Math.min(shown.length, first + Math.ceil((list.clientHeight || 560) / ROW) + 12);
    var focused = document.activeElement && document.activeElement.dataset.place;
    rows.replaceChildren();
    for (var at = first; at < last; at += 1) {
      var i = shown[at], row = make("li"), button = make("button"), who = make("span", "who"), tag = segment(i);
      button.type = "button";
      button.dataset.customer = all.id[i];
      button.dataset.place = at;
      who.append(bdi(name(i)), make("small", "", [all.name[i] ? all.id[i] : "", doubt(i)].filter(Boolean).join(" · ")));
      button.append(make("span", "tag t" + (tag.charAt(0) || "N"), tag || "–"), who,
        make("span", "money", money(all.value[i])), make("span", "owner", owner(i)));
      row.style.top = at * ROW + "px";
      row.setAttribute("aria-setsize", shown.length);
      row.setAttribute("aria-posinset", at + 1);
      row.append(button);
      rows.append(row);
    }
    if (focused !== undefined) {
      var again = rows.querySelector("[data-place='" + focused + "']");
      if (again) { again.focus({ preventScroll: true }); }
    }
  }
  function doubt(i) {
    var axes = Number(all.doubtful[i]), code = segment(i);
    var letters = (axes & 1 ? code.charAt(0) : "") + (axes & 2 ? code.charAt(1) : "");
    return letters ? fill(words().doubt, { letters: letters }) : "";
  }

  function strip(heights) {
    var space = "http://www.w3.org/2000/svg", picture = document.createElementNS(space, "svg");
    picture.setAttribute("class", "strip");
    var top = Math.max.apply(null, heights.split(""));
    picture.setAttribute("viewBox", "0 0 " + heights.length * 6 + " " + top);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", words().strip);
    heights.split("").forEach(function (letter, at) {
      var height = Number(letter), bar = document.createElementNS(space, "rect");
      if (!height) { return; }
      bar.setAttribute("x", at * 6);
      bar.setAttribute("y", top - height);
      bar.setAttribute("width", 5);
      bar.setAttribute("height", height);
      if (at >= heights.length - 12) { bar.setAttribute("class", "recent"); }
      picture.append(bar);
    });
    return picture;
  }

  function openCard() {
    var page = here(), dialog = page.querySelector(".card"), i = places.get(state.customer);
    if (i === undefined) { if (dialog.open) { dialog.close(); } return; }
    var said = words(), body = dialog.querySelector(".body"), facts = make("dl"), code = segment(i);
    var about = code ? said.segments[SEGMENTS.indexOf(code)] : null, line = make("p", "line");
    dialog.querySelector("h2").replaceChildren(bdi(name(i)));
    line.append(make("span", "tag t" + (code.charAt(0) || "N"), code || "–"), " " +
      [about ? about.name : said.none, doubt(i)].filter(Boolean).join(" · "));
    function fact(label, content) {
      if (content) { facts.append(make("dt", "", label)); var cell = make("dd"); cell.append(content); facts.append(cell); }
    }
    fact(said.window, money(all.value[i]));
    if (all.before) {
      fact(said.before, money(all.before[i]));
      if (all.value[i] !== null && all.before[i] !== null) { fact(said.change, money(all.value[i] - all.before[i], true)); }
    }
    fact(said.orders, number(all.orders[i]));
    if (all.days[i] !== null) {
      fact(said.last, number(all.days[i]) + (all.usual[i] === null ? "" : " (" + fill(said.usual, { days: number(all.usual[i]) }) + ")"));
    }
    fact(said.owner, owner(i) && bdi(owner(i)));
    all.attributes.forEach(function (one) { if (one.code[i] >= 0) { fact(title(one, root.lang), bdi(choice(one, one.code[i], root.lang))); } });
    if (about) { fact(said.advice, about.advice); fact(said.channel, about.channel); fact(said.hint, about.hint); }
    if (all.name[i]) { fact("ID", bdi(all.id[i])); }
    body.replaceChildren(line);
    if (all.strip[i]) { body.append(strip(all.strip[i]), make("small", "", said.strip)); }
    body.append(facts);
    if (!dialog.open) { dialog.showModal(); }
    root.classList.add("carded");
    document.dispatchEvent(new CustomEvent("card", { detail: { customer: all.id[i], body: body } }));
  }
  pages.forEach(function (page) {
    page.querySelector(".card").addEventListener("close", function () {
      root.classList.remove("carded");
      if (state.customer) { go({ customer: "" }, true); }
    });
    page.querySelector(".virtual").addEventListener("scroll", function () { draw(this); }, { passive: true });
    page.querySelector(".virtual").addEventListener("keydown", function (event) {
      var step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1e9, End: 1e9 }[event.key];
      if (!step || event.target.dataset.place === undefined) { return; }
      event.preventDefault();
      var to = Math.min(Math.max(Number(event.target.dataset.place) + step, 0), shown.length - 1);
      if (to * ROW < this.scrollTop) { this.scrollTop = to * ROW; }
      if ((to + 1) * ROW > this.scrollTop + this.clientHeight) { this.scrollTop = (to + 1) * ROW - this.clientHeight; }
      draw(this);
      this.querySelector("[data-place='" + to + "']").focus({ preventScroll: true });
    });
  });

  document.addEventListener("input", function (event) {
    var box = event.target.closest(".bar [name]");
    if (box) { var change = { customer: "" }; change[box.name] = box.value; go(change, true); }
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button"), link = event.target.closest("a");
    if (button && button.dataset.lang) {
      var before = location.hash.indexOf("=") < 0 ? location.hash.slice(4) : "";
      speak(button.dataset.lang);
      if (before && document.getElementById(root.lang + "-" + before)) { location.replace("#" + root.lang + "-" + before); }
      else { go({ lang: root.lang }, true); window.scrollTo(0, 0); }
      document.querySelector("#" + root.lang + " [aria-pressed=true]").focus({ preventScroll: true });
    } else if (button && button.classList.contains("print")) { window.print();
    } else if (button && button.classList.contains("close")) { button.closest("dialog").close();
    } else if (button && button.classList.contains("clear")) { history.replaceState(null, "", "#lang=" + root.lang); readState(); apply(); here().querySelector("[name=q]").focus();
    } else if (button && button.dataset.customer !== undefined) { go({ customer: button.dataset.customer });
    } else if (button && button.classList.contains("copy")) {
      var rows = Array.prototype.filter.call(here().querySelectorAll(".calls > li"), function (row) { return !row.hidden; });
      navigator.clipboard.writeText(rows.map(function (row) {
        return Array.prototype.map.call(row.querySelectorAll(".who > a, .tag, .silence span, .money, .owner"), function (one) { return one.textContent.trim(); }).join("\t");
      }).join("\n")).then(function () { button.textContent = button.dataset.done; });
    } else if (link && link.hash.indexOf("=") > 0 && all) {
      event.preventDefault();
      var fields = new URLSearchParams(link.hash.slice(1)), change = {};
      fields.forEach(function (value, key) { change[key] = value; });
      if (!change.customer) { change.customer = ""; if (state.segment && state.segment === change.segment) { change.segment = ""; } }
      go(change);
      if (!change.customer && filtered()) { here().querySelector(".found").scrollIntoView(); }
    }
  });
  window.addEventListener("hashchange", function () {
    if (location.hash !== known) { readState(); apply(); }
  });
  // A folded section opens for a link into it, and all of them for print.
  window.addEventListener("beforeprint", function () {
    here().querySelectorAll(".folded > details, .data").forEach(function (one) { one.open = true; });
  });

  readState();
  root.classList.add("waiting");
  unpack().then(function (columns) {
    if (!columns) { root.classList.remove("js"); return; }
    all = columns;
    for (var i = 0; i < all.n; i += 1) {
      texts.push(fold(all.name[i] + " " + all.id[i]));
      places.set(all.id[i], i);
    }
    choices();
    root.classList.replace("waiting", "ready");
    readState();
    apply();
    if (filtered() && !state.customer) { here().querySelector(".found").scrollIntoView(); }
  });
}());
