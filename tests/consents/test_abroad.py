"""Stops in languages that fewer people answer in: by kinds of words, so that no sentence need be listed."""

import pytest

from consents.keywords import Intent, parse
from tests.consents.ordinary_replies import FOREIGN

WISHES = {
    "Northern Sámi": """
        Alle sádde munnje eanet
        In hálit šat reklámaid
        Váldde mu eret listtus
        Sihko mu nummara
        Bissehehket
    """,
    "Arabic in Latin letters": """
        ma bidi rasayel
        la tursil
        khalas la tib3ato rasail
        wa2fo el rasayel
    """,
    "Russian and Ukrainian in Latin letters": """
        otpishite menya pozhaluysta
        ne prisylayte mne reklamu
        udalite moy nomer
        ne nadsylayte meni reklamu
        vidpyshit mene bud laska
    """,
    "Finnish": """
        En halua saada enää viestejänne
        En tahdo mainoksia
        Älkää lähettäkö minulle enää mitään
        Älä enää laita viestiä
        Lopettakaa tekstiviestien lähettäminen
        Poistakaa numeroni listaltanne
        Poistakaa minut rekisteristä
        Peruutan suostumukseni
        Peruuttakaa tilaukseni
        Antakaa minun olla rauhassa
        Ei enää mainoksia
        Ei kiinnosta
        Kiellän markkinoinnin
    """,
    "Polish": """
        Nie chcę dostawać waszych reklam
        Nie życzę sobie tych wiadomości
        Proszę do mnie nie pisać
        Nie przysyłajcie mi ofert
        Przestańcie przysyłać smsy
        Proszę o usunięcie mojego numeru
        Usuńcie mnie z bazy
        Chcę się wypisać z newslettera
        Rezygnuję z subskrypcji
        Cofam zgodę
        Wnoszę sprzeciw wobec przetwarzania danych
        Dajcie mi spokój
        Żadnych reklam proszę
        Dość tych smsów
    """,
    "German": """
        Ich möchte keine Werbung mehr erhalten
        Ich will nicht mehr angeschrieben werden
        Kein Interesse
        Schicken Sie mir bitte keine Nachrichten mehr
        Schreibt mir nicht mehr
        Hört auf mir zu schreiben
        Bitte löschen Sie meine Nummer
        Nehmt mich aus der Liste
        Streichen Sie mich von Ihrer Liste
        Bitte melden Sie mich ab, ich will mich abmelden
        Newsletter abbestellen
        Ich widerrufe meine Zustimmung
        Ich widerspreche der Nutzung meiner Daten
        Lassen Sie mich in Frieden
    """,
    "French": """
        Je ne veux plus recevoir vos messages
        Je ne souhaite pas recevoir de publicité
        Pas intéressé
        N'envoyez plus rien
        Ne m'envoyez plus de SMS
        Arrêtez de m'écrire
        Cessez ces messages
        Merci de supprimer mes données
        Enlevez-moi de votre liste
        Je veux me désabonner
        Annulez mon abonnement
        Je retire mon consentement
        Je m'oppose à l'utilisation de mon numéro
        Laissez-moi tranquille
        Plus aucun message
    """,
    "Spanish": """
        No quiero recibir publicidad
        No me interesa
        No me envíen más mensajes
        No me escriban más
        Dejen de mandarme mensajes
        Paren ya
        Borren mis datos
        Elimínenme de la lista
        Quiten mi número de su base de datos
        Quiero darme de baja
        Cancelen mi suscripción
        Revoco mi consentimiento
        Déjame tranquilo
        No más publicidad
    """,
    "Lithuanian": """
        Nebenoriu jūsų reklamos
        Nesiųskite man žinučių
        Neberašykite man
        Nustokite siųsti žinutes
        Ištrinkite mano duomenis
        Išbraukite mane iš sąrašo
        Noriu atsisakyti prenumeratos
        Atšaukiu savo sutikimą
        Palikite mane ramybėje
        Daugiau jokių žinučių
    """,
    "Russian": """
        Я не хочу получать ваши сообщения
        Не присылайте мне рекламу
        Больше не пишите
        Перестаньте слать сообщения
        Удалите мой номер
        Уберите меня из списка
        Отпишите от рассылки
        Отменить подписку
        Отзываю своё согласие
        Оставьте меня в покое
        Хватит присылать рекламу
    """,
    "Ukrainian": """
        Я не хочу отримувати ваші повідомлення
        Не надсилайте мені рекламу
        Більше не пишіть
        Припиніть надсилати повідомлення
        Видаліть мій номер
        Приберіть мене зі списку
        Хочу відписатися від розсилки
        Скасуйте підписку
        Відкликаю свою згоду
        Дайте мені спокій
        Досить надсилати рекламу
    """,
}
DOUBTFUL = """
    Nie wypisujcie mnie
    No dejen de escribirme, me gusta
    Не удаляйте мой номер
    Mein Anwalt meldet sich
    Ich rufe meinen Rechtsanwalt an
    Je vais porter plainte
    Los voy a denunciar
    Złożę skargę
    Пожалуйста хватит
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, texts in WISHES.items() for text in lines(texts)],
)
def test_a_wish_in_any_of_the_languages_is_a_stop(language: str, text: str) -> None:
    assert parse(text) is Intent.STOP, language
    assert parse(f"{text.upper()}!!") is Intent.STOP


@pytest.mark.parametrize("text", lines(DOUBTFUL))
def test_its_opposite_and_a_threat_hold(text: str) -> None:
    assert parse(text) is Intent.HOLD


@pytest.mark.parametrize("text", FOREIGN)
def test_the_same_words_about_something_else_are_no_stop(text: str) -> None:
    assert parse(text) is not Intent.STOP
