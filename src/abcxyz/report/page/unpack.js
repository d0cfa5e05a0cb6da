(function () {
  "use strict";
  // Opens the customers and the page in other languages; the module that packs them says how.
  function digit(text, at) {
    var code = text.charCodeAt(at);
    return code - 33 - (code > 34) - (code > 38) - (code > 60);
  }
  function bytes(text) {
    var made = new Uint8Array((13 * (text.length - 1) / 2 - digit(text, 0)) / 8);
    for (var at = 1, to = 0, bits = 0, held = 0; at < text.length; at += 2) {
      held = held << 13 | 91 * digit(text, at) + digit(text, at + 1);
      for (bits += 13; bits >= 8 && to < made.length; to += 1) { bits -= 8; made[to] = held >> bits; }
      held &= (1 << bits) - 1;
    }
    return made;
  }
  function opened(buffer) {
    var all = new Uint8Array(buffer), start = 4 + new DataView(buffer).getUint32(0, true);
    function letters(one) {
      var part = all.subarray(start + one.at, start + one.at + one.size);
      if (!one.codes) { return new TextDecoder("utf-8", { ignoreBOM: true }).decode(part); }
      return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(Uint16Array.from(part, function (code) { return one.codes[code]; }));
    }
    var kinds = {
      text: letters,
      texts: function (one) {
        var text = letters(one);
        return (one.words ? text.replace(/[\uE000-\uE0FF]/g, function (mark) { return one.words[mark.charCodeAt(0) - 57344] || mark; }) : text).split("\0");
      },
      numbered: function (one) { return one.of.map(function (number) { return one.prefix + String(number).padStart(one.pad, "0"); }); },
      numbers: function (one) {
        for (var made = [], i = 0, before = one.first; i < one.n; i += 1) {
          for (var value = 0, k = one.width - 1; k >= 0; k -= 1) { value = value * 256 + all[start + one.at + k * one.n + i]; }
          if (one.falls) { before -= value; value = before; }
          made.push(one.gaps && !value ? null : (value - one.gaps + one.base) / one.by);
        }
        return made;
      }
    };
    return JSON.parse(new TextDecoder().decode(all.subarray(4, start)), function (key, value) {
      return value && kinds[value.$] ? kinds[value.$](value) : value;
    });
  }
  document.addEventListener("unpack", function (event) {
    var box = document.getElementById("customers"), text = box.textContent, answer = null;
    // The live page has the customers behind an address, and the browser unpacks them.
    if (box.dataset.source) {
      answer = fetch(box.dataset.source).then(function (one) { return one.ok ? one.arrayBuffer() : null; });
    } else if (text && window.DecompressionStream) {
      answer = new Response(new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
    }
    event.detail.columns = Promise.resolve(answer).then(function (buffer) { return buffer && opened(buffer); });
  });
}());
