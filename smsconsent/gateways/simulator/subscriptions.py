"""Strex' own keyword services: who is subscribed to what, by SMS or by command."""

from typing import Any
from uuid import uuid4

from smsconsent.gateways.simulator.reports import Reports

ACTIONS = ("stop", "unsubscribe")


class Subscriptions:
    """Subscriptions by phone, short number and keyword. True is active, False is ended."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._active: dict[tuple[str, str, str], bool] = {}

    def set(self, phone: str, short_number: str, keyword: str, *, active: bool) -> None:
        """Put a subscription into a state, as the portal would."""
        self._active[phone, short_number, keyword.lower()] = active

    def end(self, phone: str, short_number: str, keyword: str) -> int:
        """End a subscription. 200 done, 204 known but not active, 404 not known."""
        key = (phone, short_number, keyword.lower())
        if key not in self._active:
            return 404
        if not self._active[key]:
            return 204
        self._active[key] = False
        self._reports.send_system_action(_report(phone, short_number, keyword, "Unsubscribe"))
        return 200

    def hear(self, phone: str, short_number_id: str, text: str) -> None:
        """Do what the service does with a message: `<KEYWORD>` starts, `<KEYWORD> STOPP` ends."""
        short_number = short_number_id.partition("-")[2]
        words = text.lower().split()
        served = {key[2] for key in self._active if key[1] == short_number}
        if not words or words[0] not in served:
            return
        if words[-1] in ("stop", "stopp"):
            self.end(phone, short_number, words[0])
        else:
            self.set(phone, short_number, words[0], active=True)
            self._reports.send_system_action(_report(phone, short_number, words[0], "Subscribe"))

    def clear(self) -> None:
        self._active.clear()


def _report(phone: str, short_number: str, keyword: str, action: str) -> dict[str, Any]:
    transaction_id = str(uuid4())
    return {
        "transactionId": transaction_id,
        "sender": short_number,
        "recipient": phone,
        "statusCode": "Ok",
        "detailedStatusCode": "Delivered",
        "delivered": True,
        "properties": {
            "SystemAction": action,
            "ServiceType": "Subscription",
            "ServiceId": "1",
            "ServiceSubType": "",
            "Keyword": keyword.upper(),
            "SubscriberTransactionId": transaction_id,
            "AccountId": "1",
        },
    }
