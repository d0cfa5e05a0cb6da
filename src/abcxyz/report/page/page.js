(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  function collected() { return Array.prototype.slice.call(document.querySelectorAll(".page")); }
  var pages = collected();
  var FILTERS = ["q", "owner", "segment", "step"], ROW = 64, INLINE = matchMedia("(max-width:640px)").matches ? 0 : 2;
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
  function capital(text) { return text.charAt(0).toUpperCase() + text.slice(1); }
  function fold(text) { return text.toLowerCase().replace(/ё/g, "е"); }
  function fill(template, fields) {
    var filled = template.replace(/\{(\w+)\}/g, function (whole, name) { return name in fields ? fields[name] : whole; });
    // The point of a unit is also that of the sentence.
    words().format.units.forEach(function (unit) { if (unit.slice(-1) === ".") { filled = filled.split(unit + ".").join(unit); } });
    return filled.replace(/(\d) (?=\p{L}|%)/gu, "$1\u00a0");
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
    var plain = number(scaled, power && Math.abs(scaled) < 99.95 && tenths % 1 ? 1 : 0) + rules.units[power];
    if (signed && scaled > 0) { plain = "+" + plain; }
    if (!rules.currency) { return plain; }
    var sign = plain.charAt(0) === "+" ? "+" : plain.indexOf(rules.minus) === 0 ? rules.minus : "";
    return sign + rules.money.replace("{number}", plain.slice(sign.length)).replace("{currency}", rules.currency);
  }
  function percent(share, decimals) {
    return isFinite(share) ? words().format.percent.replace("{number}", number(share * 100, decimals)) : "–";
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
    var asked = {};
    document.dispatchEvent(new CustomEvent("unpack", { detail: asked }));
    return asked.columns;
  }
  function name(i) { return all.name[i] || all.id[i]; }
  function owner(i) { return all.owners[all.owner[i]] || ""; }
  function segment(i) { return all.segment[i] === "-" ? "" : SEGMENTS[Number(all.segment[i])]; }

  // Industries, regions and sizes have names in the languages of the page; other values are data.
  function title(one, lang) { return capital(one.title && (one.title[lang] || one.title.en) || one.name); }
  function choice(one, k, lang) {
    var label = one.labels && one.labels[k];
    return label && (label[lang] || label.en) || one.choices[k];
  }

  function cut(text, limit) { return bdi(text.length <= limit ? text : text.slice(0, limit - 1) + "…"); }
  function card(i) {
    var link = make("a", "open"), box = document.createDocumentFragment(), id = make("small", "id");
    link.href = "#" + new URLSearchParams({ lang: here().lang, customer: all.id[i] });
    link.append(cut(name(i), 60));
    box.append(link);
    if (all.name[i]) { id.append(cut(all.id[i], 30)); box.append(" ", id); }
    return box;
  }

  // For the script of the sections, which shares them.
  var tools = { make: make, fill: fill, number: number, money: money, percent: percent, words: words, name: name, owner: owner,
    segment: segment, segments: SEGMENTS, series: series, strip: strip, places: places, say: say, tag: tag, move: move, card: card, bdi: cut, go: go };

  function choices() {
    pages.forEach(function (page) {
      var bar = page.querySelector(".bar"), owners = bar.querySelector("[name=owner]");
      all.owners.forEach(function (one) { owners.append(new Option(one, one)); });
      owners.closest("label").hidden = !all.owners.length;
      SEGMENTS.forEach(function (one) { bar.querySelector("[name=segment]").append(new Option(one, one)); });
      var others = bar.querySelector(".others");
      others.hidden = all.attributes.length <= INLINE;
      all.attributes.forEach(function (one, place) {
        var label = make("label"), select = make("select");
        select.name = "by " + one.name;
        select.append(new Option(title(one, page.lang), ""));
        one.choices.forEach(function (value, k) { select.append(new Option(choice(one, k, page.lang), value)); });
        label.append(make("span", "unseen", title(one, page.lang)), select);
        (place < INLINE ? bar.querySelector(".more") : others.lastElementChild).append(label);
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
    page.querySelectorAll(".others select").forEach(function (one) { if (one.value) { one.closest("details").open = true; } });
    page.querySelector(".clear").hidden = !active;
    page.querySelector(".found").hidden = !active;
    page.querySelector(".whole").hidden = !active;
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
      document.dispatchEvent(new CustomEvent("filtered", { detail: { page: page, state: state, shown: shown, tools: tools } }));
    } else { document.dispatchEvent(new CustomEvent("unfiltered", { detail: { page: page } })); }
    document.dispatchEvent(new CustomEvent("applied", { detail: { page: page, state: state, tools: tools } }));
    page.querySelectorAll("a.cell").forEach(function (one) {
      if (one.dataset.cell === state.segment) { one.setAttribute("aria-current", "true"); }
      else { one.removeAttribute("aria-current"); }
    });
    openCard();
  }

  // Amounts by bucket are parts of the customer's value; see the module that wrote them.
  function series(column, i, value) {
    var odd = column.odd[i], count = column.count, fine = all.buckets.rows, made = [], sum = 0;
    if (odd) { return odd; }
    for (var at = 0, start = (i - fine) * Math.ceil(count / 2); at < count; at += 1) {
      var two = i < fine ? 0 : column.rough[start + (at >> 1)], one = i < fine ? column.fine[i * count + at] : at % 2 ? two & 15 : two >> 4;
      made.push(one);
      sum += one;
    }
    return made.map(function (one) { return sum ? one / sum * value : 0; });
  }
  function months(i) {
    var now = series(all.buckets.now, i, all.value[i] || 0), then = all.buckets.then;
    return (then ? series(then, i, all.before[i] || 0) : []).concat(now).slice(-24);
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

  function strip(i) {
    var heights = months(i), top = Math.max.apply(null, heights.concat(0));
    var space = "http://www.w3.org/2000/svg", picture = document.createElementNS(space, "svg");
    picture.setAttribute("class", "strip");
    if (!top) { return ""; }
    picture.setAttribute("viewBox", "0 0 " + heights.length * 6 + " 24");
    picture.setAttribute("preserveAspectRatio", "none");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", words().strip);
    heights.forEach(function (value, at) {
      var height = Math.max(value, 0) / top * 24, bar = document.createElementNS(space, "rect");
      if (!height) { return; }
      bar.setAttribute("x", at * 6);
      bar.setAttribute("y", 24 - height);
      bar.setAttribute("width", 5);
      bar.setAttribute("height", height);
      if (at >= heights.length - 12) { bar.setAttribute("class", "recent"); }
      picture.append(bar);
    });
    return picture;
  }

  // A sentence whose form is chosen by its number.
  function say(key, fields) {
    var said = words(), forms = said.phrases[key], n = fields && fields.n;
    var form = n === undefined ? 0 : Number(said.plural.charAt(n < 100 ? n : 100 + n % 100));
    var filled = Object.assign({}, fields, n === undefined ? {} : { n: number(n) });
    return fill(forms[Math.min(form, forms.length - 1)], filled);
  }
  function tag(code, text) { return make("span", "tag t" + (code.charAt(0) || "N"), text || code || "–"); }
  function stateTag(letter) {
    return letter === "-" ? tag("N", say("unsold")) : letter === "." ? tag("N", say("unlisted")) : tag(SEGMENTS[Number(letter)]);
  }
  function move(before, after) {
    var box = make("span", "move");
    box.append(stateTag(before), " → ", stateTag(after));
    return box;
  }
  // Of each customer the date and the class of every change, the date as a letter from a on.
  function changes(known) {
    for (var made = [], at = 0, i = 0, wide = Math.ceil(known.dates / 8); i < all.n; i += 1) {
      for (var text = "", day = 0; day < known.dates; day += 1) {
        if (known.begins[i * wide + (day >> 3)] >> (7 - day % 8) & 1) { text += String.fromCharCode(97 + day) + known.segments.charAt(at); at += 1; }
      }
      made.push(text);
    }
    return made;
  }
  // The classes by date: since when the customer has this one, and all changes.
  function past(i, line, body) {
    var said = words(), changes = all.classes ? all.classes[i].match(/../g) : [];
    changes = changes.map(function (one) { return [said.dates[one.charCodeAt(0) - 97], one.charAt(1)]; });
    if (!changes.length) { return; }
    var last = changes[changes.length - 1], before = changes[changes.length - 2];
    var list = make("ol", "past"), fields = { segment: stateTag(last[1]).textContent, day: last[0] };
    if (before) { fields.before = stateTag(before[1]).textContent; }
    line.after(make("p", "since", say(before ? "sinceBefore" : "since", fields)));
    changes.reverse().forEach(function (one) {
      var row = make("li", "", one[0] + " ");
      row.append(stateTag(one[1]));
      list.append(row);
    });
    body.append(make("h3", "", said.history), list);
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
    if (all.compared) {
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
    var picture = strip(i);
    if (picture) { body.append(picture, make("small", "", said.strip)); }
    body.append(facts);
    past(i, line, body);
    if (!dialog.open) { dialog.showModal(); }
    root.classList.add("carded");
    document.dispatchEvent(new CustomEvent("card", { detail: { customer: all.id[i], body: body } }));
  }
  function listen(page) {
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
  }

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
    here().querySelectorAll(".folded:not(.other) > details").forEach(function (one) { one.open = true; });
  });

  readState();
  root.classList.add("waiting");
  unpack().then(function (columns) {
    if (!columns) { root.classList.remove("js"); return; }
    all = tools.all = columns;
    if (all.classes) { all.classes = changes(all.classes); }
    // The page in its other languages.
    all.bodies.forEach(function (body) { pages[pages.length - 1].insertAdjacentHTML("afterend", body); pages = collected(); });
    pages.forEach(listen);
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
