"""Command ``abcxyz bitrix24 uninstall``: remove the adapter's fields from a portal."""

from __future__ import annotations

import argparse
import sys

from abcxyz.toolkit.catalogue import LANGUAGES, SOURCE
from abcxyz_bitrix.cards.installed import installed, remove
from abcxyz_bitrix.cards.own_fields import PREFIX, check_prefix
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, ENTITIES, LEAD
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.words import text

__all__ = ["HELP", "add_arguments", "run"]


HELP = "look after a Bitrix24 portal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    uninstall = actions.add_parser("uninstall", help="remove the fields that the sink has made")
    secret = uninstall.add_mutually_exclusive_group(required=True)
    secret.add_argument("--webhook-env", metavar="NAME", help="variable that holds the webhook")
    secret.add_argument("--webhook-file", metavar="PATH", help="file of mode 0600 that holds it")
    uninstall.add_argument(
        "--fields-prefix",
        default=PREFIX,
        metavar="PREFIX",
        help="of the sink's option fields_prefix",
    )
    uninstall.add_argument("--yes", action="store_true", help="do not ask")
    uninstall.add_argument("--insecure-loopback", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Remove the fields, after confirmation."""
    webhook = {"env": args.webhook_env} if args.webhook_env else {"file": args.webhook_file}
    prefix = check_prefix(args.fields_prefix)
    client = connect(webhook=webhook, insecure_loopback=args.insecure_loopback)
    return _uninstall(client, prefix, args.lang or SOURCE, sure=args.yes)


def _uninstall(client: Client, prefix: str, lang: str, *, sure: bool) -> int:
    fields = {
        entity: sorted(installed(client, entity, prefix)) for entity in (COMPANY, CONTACT, LEAD)
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
