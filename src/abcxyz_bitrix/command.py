"""Command ``abcxyz bitrix24``: authorise an application, remove the adapter's fields."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path

from abcxyz.toolkit import read_secret
from abcxyz.toolkit.catalogue import LANGUAGES, SOURCE
from abcxyz_bitrix.cards.installed import installed, remove
from abcxyz_bitrix.cards.own_fields import PREFIX, check_prefix
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, ENTITIES, LEAD
from abcxyz_bitrix.login import PORT, authorize
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.words import text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    login = actions.add_parser("login", help="authorise an application and store its tokens")
    _add_application(login, required=True)
    login.add_argument(
        "--port", type=int, default=PORT, metavar="PORT", help="port of the redirect"
    )
    login.add_argument(
        "--no-browser", action="store_true", help="print the address instead of opening it"
    )
    login.add_argument("--insecure-loopback", action="store_true", help=argparse.SUPPRESS)
    uninstall = actions.add_parser("uninstall", help="remove the fields that the sink has made")
    secret = uninstall.add_mutually_exclusive_group()
    secret.add_argument("--webhook-env", metavar="NAME", help="variable that holds the webhook")
    secret.add_argument("--webhook-file", metavar="PATH", help="file of mode 0600 that holds it")
    _add_application(uninstall, required=False)
    uninstall.add_argument(
        "--fields-prefix",
        default=PREFIX,
        metavar="PREFIX",
        help="of the sink's option fields_prefix",
    )
    uninstall.add_argument("--yes", action="store_true", help="do not ask")
    uninstall.add_argument("--insecure-loopback", action="store_true", help=argparse.SUPPRESS)


def _add_application(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the options of an application."""
    parser.add_argument(
        "--portal", required=required, metavar="HOST", help="address of the portal"
    )
    parser.add_argument(
        "--client-id", required=required, metavar="ID", help="id of the application"
    )
    secret = parser.add_mutually_exclusive_group(required=required)
    secret.add_argument(
        "--client-secret-env",
        metavar="NAME",
        help="variable that holds the key of the application",
    )
    secret.add_argument(
        "--client-secret-file", metavar="PATH", help="file of mode 0600 that holds the key"
    )
    parser.add_argument(
        "--token-file",
        required=required,
        type=Path,
        metavar="PATH",
        help="file of mode 0600 for the tokens of the application",
    )


def _reference(name: str | None, path: str | None) -> dict[str, str] | None:
    """Return the reference to a secret in a variable or a file; None without either."""
    if name:
        return {"env": name}
    return {"file": path} if path else None


def run(args: argparse.Namespace) -> int:
    """Authorise an application, or remove the fields after confirmation."""
    lang = args.lang or SOURCE
    client_secret = _reference(args.client_secret_env, args.client_secret_file)
    if args.action == "login":
        return _login(args, client_secret, lang)
    prefix = check_prefix(args.fields_prefix)
    client = connect(
        webhook=_reference(args.webhook_env, args.webhook_file),
        client_id=args.client_id,
        client_secret=client_secret,
        token_file=args.token_file,
        portal=args.portal,
        insecure_loopback=args.insecure_loopback,
    )
    return _uninstall(client, prefix, lang, sure=args.yes)


def _login(args: argparse.Namespace, reference: dict[str, str] | None, lang: str) -> int:
    client_secret = read_secret(reference, where="client_secret: ")

    def show(address: str) -> None:
        sys.stdout.write(text("Open this address and consent:", lang) + f"\n{address}\n")
        sys.stdout.flush()
        if not args.no_browser:
            webbrowser.open(address)

    scopes = authorize(
        args.portal,
        args.client_id,
        client_secret,
        args.token_file,
        show=show,
        port=args.port,
        loopback=args.insecure_loopback,
    )
    sys.stdout.write(
        text("tokens stored in {path}; scopes: {scopes}", lang, path=str(args.token_file),
             scopes=scopes or "?")
        + "\n"
    )  # fmt: skip
    return 0


def _uninstall(client: Client, prefix: str, lang: str, *, sure: bool) -> int:
    fields = {
        entity: sorted(installed(client, entity, prefix))
        for entity in (COMPANY, CONTACT, LEAD, DEAL)
    }
    if not any(fields.values()):
        sys.stdout.write(
            text("there is no field of ours with the prefix {prefix}", lang, prefix=prefix) + "\n"
        )
        return 0
    for entity, names in fields.items():
        if names:
            sys.stdout.write(f"{ENTITIES[entity]}: {', '.join(names)}\n")
    if not sure:
        sys.stdout.write(
            text("Remove these fields with everything in them? Type yes:", lang) + " "
        )
        sys.stdout.flush()
        if sys.stdin.readline().strip().casefold() not in {text("yes", one) for one in LANGUAGES}:
            sys.stdout.write("\n" + text("nothing was removed", lang) + "\n")
            return 0
    count = sum(len(remove(client, entity, prefix)) for entity, names in fields.items() if names)
    sys.stdout.write(text("fields removed: {count}", lang, count=count) + "\n")
    return 0
