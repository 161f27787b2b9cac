"""Delivery reports, and every way in which they can go astray."""

from typing import Any

from smsconsent.gateways.simulator.callbacks import Callbacks
from smsconsent.gateways.simulator.clock import Clock
from smsconsent.gateways.simulator.faults import Faults
from smsconsent.gateways.simulator.messages import Message
from smsconsent.gateways.simulator.switches import Switches

SENT = {"statusCode": "Sent", "detailedStatusCode": "Sent", "delivered": None}
ARRIVED = {"statusCode": "Ok", "detailedStatusCode": "Delivered", "delivered": True}
SURPRISE = {"statusCode": "Teleported", "detailedStatusCode": "LandedOnRoof"}
LONG_DELAY = 600.0


class Reports:
    """Sends the report of a message to the address that came with it."""

    def __init__(
        self, clock: Clock, switches: Switches, callbacks: Callbacks, faults: Faults
    ) -> None:
        self._clock, self.switches, self._callbacks = clock, switches, callbacks
        self._faults = faults

    def send(self, message: Message) -> None:
        """Report the state in which a message is now."""
        url = message.fields.get("deliveryReportUrl")
        report = message.as_report()
        if url:
            self._send_with_faults(str(url), report)
        if self.switches.master_dlr_url:
            self._post(self.switches.master_dlr_url, report)

    def send_duplicate(self, url: object, message: Message) -> None:
        """Report that an id was used before. The report carries the id of the original."""
        report = message.as_report() | {
            "statusCode": "Failed",
            "detailedStatusCode": "DuplicateTransaction",
            "delivered": False,
        }
        if url:
            self._clock.after(
                self.switches.queued_seconds, lambda: self._send_with_faults(str(url), report)
            )

    def send_system_action(self, fields: dict[str, Any]) -> None:
        """Tell the master address what a keyword service did."""
        if self.switches.master_dlr_url:
            self._post(self.switches.master_dlr_url, fields)

    def _send_with_faults(self, url: str, report: dict[str, Any]) -> None:
        take = self._faults.take
        if take("receipt_lost"):
            return
        if take("unknown_status"):
            report = report | SURPRISE
        if take("extra_fields"):
            report = report | {"somethingNew": {"nested": [1, 2]}}
        if take("missing_fields"):
            kept = ("transactionId", "statusCode")
            report = {name: report[name] for name in kept}
        if fault := take("receipt_delayed"):
            self._clock.after(fault.seconds or LONG_DELAY, lambda: self._post(url, report))
            return
        if take("receipt_reordered"):
            self._hold_back(url, report)
            return
        self._post(url, report)
        if take("receipt_twice"):
            self._post(url, report)
        self._post_contradiction(url, report)

    def _hold_back(self, url: str, report: dict[str, Any]) -> None:
        """Let the reports that follow within a second overtake this one."""
        self._clock.after(1.0, lambda: self._post(url, report))

    def _post_contradiction(self, url: str, report: dict[str, Any]) -> None:
        status, take = report["statusCode"], self._faults.take
        if status == "Ok" and take("sent_after_ok"):
            self._clock.after(0.2, lambda: self._post(url, report | SENT))
        if status == "Failed" and take("ok_after_failed"):
            self._clock.after(0.2, lambda: self._post(url, report | ARRIVED))

    def _post(self, url: str, report: dict[str, Any]) -> None:
        about = f"{report.get('transactionId', '')} {report.get('statusCode', '')}"
        self._callbacks.post(url, report, kind="receipt", about=about)
