"""The simulator is what the public Python client of Strex Connect believes it to be (strex.md § 11, 20)."""

import socket
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from target365_sdk import ApiClient
from target365_sdk.models.keyword import Keyword
from target365_sdk.models.out_message import OutMessage
from target365_sdk.models.pincode import Pincode

from smsconsent.gateways.simulator import signatures
from tests.gateways.stages import posted
from tests.simulator import Simulator

# The client leaves to jsonpickle what that announces to change.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True:DeprecationWarning")
NUMBER = "+4790000001"
KEY_NAME = "test-client"


@pytest.fixture(autouse=True)
def timeout() -> Iterator[None]:
    """The client has no timeout of its own, so that a server that hangs would hang the tests."""
    socket.setdefaulttimeout(10)
    yield
    socket.setdefaulttimeout(None)


@pytest.fixture
def client(simulator: Simulator) -> ApiClient:
    """A client whose public key the account knows. Its address must end with a slash."""
    private = ec.generate_private_key(ec.SECP256R1())
    simulator.set(
        "client-keys",
        {"name": KEY_NAME, "publicKeyString": signatures.public_text(private)},
    )
    return ApiClient(
        f"{simulator.url}/", KEY_NAME, private.private_numbers().private_value.to_bytes(32).hex()
    )


def out_message(**values: object) -> OutMessage:
    defaults = {"sender": "26112", "recipient": NUMBER, "content": "Halv pris på ski"}
    return OutMessage(**({"transactionId": str(uuid4())} | defaults | values))


def until_readable(client: ApiClient, message_id: str) -> OutMessage:
    """A message of a batch is not there at once."""
    for _try in range(100):
        if found := client.get_out_message(message_id):
            return found
        time.sleep(0.05)
    raise AssertionError("the message never became readable")


def test_ping(client: ApiClient) -> None:
    assert client.ping() == '"pong"'


def test_an_unknown_key_is_refused(client: ApiClient) -> None:
    client.client.keyName = "somebody-else"

    with pytest.raises(requests.HTTPError, match="401"):
        client.create_out_message(out_message())


def test_a_message_is_created_and_read_back(client: ApiClient, simulator: Simulator) -> None:
    message = out_message(tags=["c1"], properties={"TestInProd": True})

    assert client.create_out_message(message) == message.transactionId

    found = client.get_out_message(message.transactionId)
    assert (found.content, found.tags) == ("Halv pris på ski", ["c1"])
    assert found.properties == {"TestInProd": True}
    assert found.statusCode in {"Queued", "Sent", "Ok"}


def test_a_message_without_an_id_gets_one(client: ApiClient) -> None:
    message = out_message()
    del message.transactionId

    made = client.create_out_message(message)

    assert client.get_out_message(made).transactionId == made


def test_an_unknown_message_is_not_found(client: ApiClient) -> None:
    assert client.get_out_message(str(uuid4())) is None


def test_a_message_without_a_sender_is_refused(client: ApiClient) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        client.create_out_message(out_message(sender=""))


def test_a_batch_is_taken_and_readable_later(client: ApiClient, simulator: Simulator) -> None:
    simulator.set("switches", {"batch_readable_seconds": 0.2})
    batch = [out_message() for _number in range(3)]

    client.create_out_message_batch(batch)

    assert [until_readable(client, each.transactionId).sender for each in batch] == ["26112"] * 3


def test_a_batch_with_the_same_id_twice_is_refused_as_a_whole(client: ApiClient) -> None:
    message = out_message()

    with pytest.raises(requests.HTTPError, match="400"):
        client.create_out_message_batch([message, message])

    assert client.get_out_message(message.transactionId) is None


def test_a_scheduled_message_is_changed_and_deleted(client: ApiClient) -> None:
    message = out_message(sendTime="2099-01-01T12:00:00Z")
    client.create_out_message(message)
    message.content = "Ny tekst"

    client.update_out_message(message)
    changed = client.get_out_message(message.transactionId).content
    client.delete_out_message(message.transactionId)

    assert changed == "Ny tekst"
    assert client.get_out_message(message.transactionId) is None


def test_a_message_that_has_left_cannot_be_deleted(client: ApiClient) -> None:
    message = out_message()
    client.create_out_message(message)

    with pytest.raises(requests.HTTPError, match="409"):
        client.delete_out_message(message.transactionId)


def test_keywords_are_created_found_changed_and_deleted(client: ApiClient) -> None:
    keyword = Keyword(
        shortNumberId="NO-26112",
        keywordText="SKI",
        mode="Startswith",
        forwardUrl="https://samtykke.example/in/",
        enabled=True,
        aliases=["SKIS"],
    )

    keyword.keywordId = client.create_keyword(keyword)
    keyword.keywordText = "SKITUR"
    client.update_keyword(keyword)
    found = client.get_all_keywords(short_number_id="NO-26112", keyword="KITU")
    client.delete_keyword(keyword.keywordId)

    assert [(each.keywordText, each.aliases) for each in found] == [("SKITUR", ["SKIS"])]
    assert client.get_keyword(keyword.keywordId) is None


def test_a_pincode_reaches_the_phone_and_is_verified(
    client: ApiClient, simulator: Simulator
) -> None:
    pin_id = str(uuid4())
    client.send_pincode(
        Pincode(
            transactionId=pin_id,
            recipient=NUMBER,
            sender="26112",
            prefixText="Koden er ",
            pincodeLength=6,
            maxAttempts=3,
        )
    )
    simulator.set("clock", {"advance": 5})
    [text] = simulator.received(NUMBER)

    wrong = client.verify_pincode(pin_id, "x")
    right = client.verify_pincode(pin_id, text.removeprefix("Koden er "))

    assert (wrong, right) == (False, True)


def test_the_export_lists_what_was_sent(client: ApiClient) -> None:
    client.create_out_message(out_message(tags=["c1"]))

    lines = client.get_out_message_export("2000-01-01T00:00:00Z", "2099-01-01T00:00:00Z").split()

    assert lines[0] == (
        "SendTime,Sender,Recipient,RecipientPrefix,MessageParts,StatusCode,DetailedStatusCode,"
        "Operator,Tags"
    )
    assert NUMBER in lines[1]


def test_the_keys_of_server_and_client_are_published(client: ApiClient) -> None:
    server = client.get_server_public_key("simulator")
    [own] = client.get_client_public_keys()

    assert (server.signAlgo, server.hashAlgo) == ("ECDsaP256", "SHA256")
    assert own.name == KEY_NAME


def test_numbers_may_be_prepared_and_nothing_is_sent_for_it(
    client: ApiClient, simulator: Simulator
) -> None:
    client.prepare_msisdns([NUMBER])

    assert posted(simulator)[-1] == ("POST /api/prepare-msisdns", "204")
    assert simulator.state(number=NUMBER)["toNumber"] == []


def test_a_message_from_a_phone_is_read_by_its_id(client: ApiClient, simulator: Simulator) -> None:
    client.create_keyword(
        Keyword(
            shortNumberId="NO-26112",
            keywordText="*",
            mode="Wildcard",
            forwardUrl="http://127.0.0.1:9/",
        )
    )
    sent = simulator.set(
        "in-messages", {"sender": NUMBER, "recipient": "26112", "content": "SKI STOPP"}
    )

    found = client.get_in_message("NO-26112", sent["id"])

    assert (found.sender, found.content) == (NUMBER, "SKI STOPP")
