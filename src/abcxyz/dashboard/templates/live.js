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
}());
