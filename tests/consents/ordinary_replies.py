"""Replies to an SMS that are no stop, as people write them: a line each. Made up; nobody wrote them."""


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


BOKMAL = _lines(
    """
    Takk!
    Takk for tipset, kommer innom i morgen
    Så fint, gleder meg
    Hei, når åpner dere på lørdag?
    Har dere denne i str 42?
    Er tilbudet fortsatt gyldig?
    Gjelder dette også i nettbutikken?
    Kan jeg bestille på telefon?
    Jeg kommer kl 12
    Vi blir fire stykker
    Kan jeg flytte timen til torsdag?
    Må dessverre melde avbud på torsdag
    Kan dere ringe meg?
    Ring meg på 90000012 når varen er kommet
    Tusen takk, ha en fin dag
    Ok
    OK, supert
    Den er grei
    Perfekt 👍
    Hahaha
    😂😂
    ❤️
    Skal bli
    Skal se om jeg rekker det
    Jeg er på hytta denne uka
    Hvor mye koster frakt?
    Hvor ligger butikken?
    Hvem snakker jeg med?
    Hva er forskjellen på de to?
    Har dere parkering?
    Topp!
    Helt topp, sees da
    Toppen, takk for hjelpen
    Sopptur på søndag? Gøy
    Stor takk fra oss
    Stol 14 er min
    Stod det ikke 30 % i annonsen?
    Bussen stod på feil side
    Kjempebra butikk, shopper hos dere ofte
    Shop i vei
    Stopper bussen utenfor butikken?
    Det er ikke langt fra stoppestedet
    Vi stoppet innom i går, hyggelig betjening
    Går det buss fra stoppet ved kirken
    Siste dag i dag eller i morgen?
    Er det slutt på salget?
    Når slutter salget?
    Ferien er snart slutt
    Jeg slutter kl 16, rekker jeg det?
    Er varen utsolgt?
    Den jeg kjøpte er ødelagt, kan jeg bytte?
    Jeg vil gjerne ha den i blått
    Jeg vil ha to
    Sett av en til meg
    Kan dere legge av to billetter?
    Har mottatt pakken, alt i orden
    Mottatt
    Ja, men bare på e-post
    Ja gjerne på torsdag
    Ja det passer fint
    Ja ja
    Jo takk
    Jepp
    Nesten
    Kanskje
    Vet ikke helt ennå
    Det vet jeg ikke
    Ikke sikkert jeg rekker det
    Ikke i dag
    Ikke så verst!
    Har ikke mottatt bekreftelse
    Fikk ikke åpnet lenken
    Lenken virker ikke
    Koden virket ikke i kassa
    Rabattkoden funker ikke
    Får ikke logget inn
    Har dere flere igjen?
    Kommer det flere tilbud?
    Flere bilder?
    Mer info?
    Send meg prisen er du snill
    Kan dere sende meg en katalog?
    Send lenken på nytt
    Husk å ta med kvittering
    Jeg fjernet prislappen, kan jeg likevel bytte?
    Hva betyr koden?
    Kan vi bli medlem hele familien?
    Hvordan blir jeg medlem?
    Hvordan bruker jeg poengene?
    Hvor mange poeng har jeg?
    Gratulerer med jubileet!
    God helg!
    God jul til dere også
    Riktig god påske
    Samme til dere
    Kult!
    Dette var billig
    Dyrt
    For dyrt for meg
    Gøy, tar med mannen
    Hunden min heter også Stopper
    Datteren min elsker den
    Får jeg studentrabatt?
    Er dere på jobb i dag?
    Hei Kari, det er Per. Er du hjemme?
    Er på vei
    Ti minutter forsinket, står i kø på E18
    Sender mannen min
    Hilsen Ola
    Takk for sist! Mvh Kari
    Mvh Per Hansen
    12
    1
    4 personer
    Str 38
    Blå
    Lørdag
    Torsdag kl 10 passer
    Avtalt
    Notert
    Bekreftet
    Bestilt
    Betalt i går
    Fakturaen er betalt
    Kvitteringen mangler
    Får jeg pengene tilbake?
    Reklamasjon: sålen løsnet etter to uker
    Har dere snøsko til leie?
    Hvilken størrelse anbefaler dere?
    Kan du sende adressen?
    Adressen er Storgata 1
    Ny adresse: Kirkeveien 2
    Stian kommer i stedet for meg
    Stopplikt i krysset, så pass på
    Smurt løype i dag?
    Snør det hos dere?
    Endelig
    Ende til ende?
    Altså, for en pris
    Alle er velkomne?
    Alt bra her
    Melding mottatt
    Fin melding!
    Fint med påminnelse
    Fin reklame da
    """
)
NYNORSK = _lines(
    """
    Takk for det!
    Når opnar de på laurdag?
    Kva kostar det?
    Kor ligg butikken?
    Eg kjem i morgon
    Eg veit ikkje enno
    Det passar ikkje i dag
    Korleis brukar eg koden?
    Har de fleire att?
    Kan eg byte storleik?
    Eg er på veg
    Me kjem alle saman
    Så fint, gler meg
    Ja, det kan eg
    Tusen takk, ha ei fin helg
    Er det mogleg å få ho i raudt?
    Kva tid sluttar salet?
    Bussen stoppar rett ved, ikkje sant?
    Ikkje så gale
    Eg fekk ikkje opna lenkja
    """
)
SVENSKA = _lines(
    """
    Tack!
    Tack så mycket, vi ses på lördag
    Vad kostar frakten?
    När öppnar ni?
    Var ligger butiken?
    Hur blir jag medlem?
    Har ni kvar den i storlek 40?
    Jag kommer imorgon
    Kan jag boka om tiden?
    Vet inte än
    Inte idag
    Inte så illa
    Ja gärna på fredag
    Ja det går bra
    Okej
    Toppen!
    Grymt bra pris
    Koden fungerar inte
    Länken går inte att öppna
    Skicka adressen tack
    Skicka mer info
    Kan ni skicka en katalog?
    Är det slut i lager?
    Den är slutsåld
    När slutar rean?
    Stannar bussen utanför?
    Stopptid på parkeringen?
    Finns det fler färger?
    Jag vill ha två
    Jag vill gärna ha en blå
    Ha en bra dag
    God jul
    Glad påsk
    Är ni öppna nu?
    Vem pratar jag med?
    Hälsningar Anna
    Jag är på väg
    Fem minuter sen
    Bokat
    Betalt
    Perfekt
    Storlek M
    Kanske
    Vi blir fyra
    Hej Lisa, är du hemma?
    Kan jag ta med hunden?
    Tack för påminnelsen
    Barnen älskar den
    Det var dyrt
    Kan jag lämna tillbaka skorna?
    """
)
DANSK = _lines(
    """
    Tak
    Tak for det
    Mange tak, vi ses
    Hvad koster det?
    Hvornår åbner I?
    Hvor ligger butikken?
    Hvordan bruger jeg koden?
    Jeg kommer i morgen
    Har I den i størrelse 40?
    Kan jeg bytte den?
    Ved det ikke endnu
    Ikke i dag
    Ikke dårligt
    Ja gerne
    Ja tak til kaffe
    Det passer fint
    Fedt!
    Perfekt
    Linket virker ikke
    Send mig adressen
    Kan I sende et katalog?
    Hvornår slutter udsalget?
    Er der flere tilbage?
    Jeg vil gerne have to
    Jeg vil gerne have den i blå
    God weekend
    Glædelig jul
    Vi bliver fire
    Er I åbne nu?
    Hilsen Mette
    Er på vej
    Fem minutter forsinket
    Måske
    Betalt
    Bestilt
    Det var billigt
    Holder bussen udenfor?
    Hold kæft hvor fedt
    Kan jeg aflevere skoene?
    Tak for påmindelsen
    """
)
ENGLISH = _lines(
    """
    Thanks!
    Thank you so much
    Great, see you there
    What time do you open?
    How much is shipping?
    Where are you located?
    When does the sale end?
    Is the sale ending today?
    Who am I talking to?
    Can I return these?
    Can I get it in blue?
    Do you have more in stock?
    Any more left?
    No problem
    No worries
    No idea yet
    Not sure yet
    Not today
    Not bad!
    I will be there
    I'm on my way
    Running late, ten minutes
    Yes, at noon
    Yes I will
    Yep
    Sure
    Ok
    Okay cool
    Sounds good
    Awesome 😍
    Nice
    Perfect
    Love it
    lol
    Haha
    The link does not work
    The code didn't work at the till
    I can't open the link
    I did not get the code
    Could you send the address?
    Send me a catalogue please
    Please call me
    Call me back
    Does the bus stop outside the shop open on Sundays?
    Is there parking?
    We are four
    Two tickets please
    Size 9
    Blue
    Maybe
    Saturday works
    Booked
    Paid yesterday
    Merry Christmas
    Happy new year!
    Have a nice weekend
    Same to you
    My dog loves it
    My kids love the new shop
    Too expensive for me
    Shop till you drop
    One step closer
    Top quality
    Nonsense, it was great
    Cheers mate
    Kind regards, John
    Is my subscription still active?
    I would like to subscribe my wife as well
    Will this be on next week too?
    Can we bring the dog?
    """
)
REACTIONS = _lines(
    """
    Likte «Halv pris på alt i helgen. Svar STOPP for å stoppe»
    Likte “Halv pris på alt i helgen. Svar STOPP for å stoppe”
    Elsket «Nye ski i butikken! Stopp: SKI STOPP til 26112»
    Lo av «Siste sjanse i dag. Svar STOPP for å stoppe»
    Mislikte «Svar STOPP for å stoppe»
    Fremhevet «Siste sjanse! Svar STOPP for å melde deg av»
    Reagerte 👍 på «Svar STOPP for å melde deg av»
    Fjernet en liker-reaksjon fra «Svar STOPP for å melde deg av»
    Liked “Half price today. Reply STOP to opt out”
    Loved “Half price today. Reply STOP to opt out”
    Laughed at “Half price today. Reply STOP to opt out”
    Emphasized “Reply STOP to opt out”
    Questioned “Reply STOP to opt out”
    Reacted 😂 to “Reply STOP to opt out”
    Removed a heart from “Reply STOP to opt out”
    👍 to “Half price today. Reply STOP to opt out”
    ❤️ «Halv pris i dag. Svar STOPP»
    Gillade ”Halva priset idag. Svara STOPP för att avsluta”
    Älskade ”Svara STOPP för att avsluta”
    Skrattade åt ”Svara STOPP för att avsluta”
    Elskede “Svar STOP for at afmelde”
    Tykkäsi ”Vastaa STOP”
    Liked “An unclosed quotation that asks you to answer STOP
    """
)
# Ordinary words of the kinds that a refusal is made of, in an order that makes none.
NEAR_A_REFUSAL = _lines(
    """
    Jeg fikk ikke meldingen
    Fikk ikke denne meldingen i går
    Har ikke fått sms med kode
    Har ikke fått noen melding om henting
    Skal jeg ikke motta sms når pakken er klar?
    Jeg kan ikke motta pakken før fredag
    Jeg vil ikke motta pakken før fredag
    Kan ikke ta imot pakken i dag
    Mottar ikke bonus på kortet mitt
    Vil ikke komme likevel
    Ønsker ikke å bytte denne
    Ønsker ikke salat, bare suppe
    Jeg ønsker ikke dressing på
    Ønsker å motta sms når den er på lager
    Vi ønsker flere meldinger som denne!
    Jeg vil gjerne ha flere meldinger
    Jeg vil ha dette
    Vil ikke dette passe bedre i blått?
    Vil du ha mer?
    Vi vil ikke vente lenger enn til tolv
    Vil helst ikke betale mer
    Hvor mye vil dere ha for denne?
    Jeg har ikke dette på lager hjemme
    Det er ikke mer igjen i skapet
    Vi trenger ikke mer hjelp, takk
    Ikke ring før klokka ti
    Ikke glem meg!
    Ikke nødvendig
    Ikke ennå
    Ikke før fredag
    Ikke skriv navn på kortet
    Ikke noe problem
    Ingen problem
    Ingen årsak
    Ingen kø nå?
    Ingen av dem passet
    Er det ingen som svarer?
    Ingen hast
    Uten løk, takk
    Uten gluten?
    Uten å bestille først?
    Ta med nummeret mitt
    Ta med meg en også
    Ta med meg, da
    La meg være med da
    La meg få tenke på det
    La meg vite når den er klar
    Jeg tar meg en tur
    Tar den med meg bort
    Kan du gi meg nummeret?
    Du har nummeret mitt
    Vil dere ha nummeret mitt?
    Nummeret mitt er det samme som før
    Har dere opplysningene mine?
    Kan dere skrive navnet mitt på den?
    Kan dere kontakte meg på telefon?
    Kontakt meg gjerne på dagtid
    Kan jeg kontakte dere på telefon?
    Skriv til meg når den er klar
    Send sms når den er klar
    Send meg mer info
    Send meg gjerne flere tilbud
    Sms er best for meg
    Takk for sms
    Takk for meldingen
    Takk for påminnelsen
    Fin melding
    Meldingen kom to ganger
    Kan dere sende meg meldinger på e-post også?
    Hva skjedde med meldingen?
    Reklamen på TV var morsom
    Så reklamen deres i avisa
    Tilbudet gjelder vel ikke dette?
    Trenger dere samtykke fra foreldre?
    Har reservert bord til fire
    Reserver to plasser til meg
    Kan jeg reservere en?
    Reservasjonen står på Kari
    Reservedeler, har dere det?
    Jeg kan gi deg beskjed i morgen
    Kan dere gi meg beskjed?
    Gi beskjed når den er klar
    Gi meg ti minutter
    Det holder i lange baner
    Det er nok til alle
    Er det nok igjen til oss?
    Det er nok fullt nå
    Nok plass til barnevogn?
    Kan jeg trekke et lodd?
    Trekker dere fra rabatten i kassa?
    Hold av en til meg
    Hold plassen, jeg kommer
    Kutter dere gress også?
    Jeg kutter håret på fredag
    Går ut på dato i morgen
    Stryker dere skjorter?
    Kan dere stryke skjortene mine?
    Meld fra når den er klar
    Jeg melder fra om det
    Vi melder oss til start klokka ni
    Meldt på to stykker
    Er han meldt inn?
    Kutt håret kort, takk
    Jeg orker ikke i dag
    Gidder du å sjekke?
    Er lei meg for at jeg ikke rakk det
    Lei av regnet her
    For mange valg!
    Færre folk om morgenen?
    Jeg heter Ola
    Hva heter den som jobbet i går?
    Overtok butikken i fjor?
    Har jeg overtatt poengene?
    Feil størrelse
    Feil farge, kan jeg bytte?
    Feilen er rettet, takk
    Dette er ikke riktig størrelse
    Dette er ikke det jeg bestilte
    Har ikke bestilt ennå
    Har ikke bestemt meg
    Jeg er ikke hjemme før fire
    Me kjem ikkje før fem
    Eg vil ha to til
    Eg ynskjer ein time på fredag
    Eg har ikkje fått meldinga
    Eg fekk ikkje koden
    Ikkje i dag
    Ikkje heilt enno
    Ingen fare
    Kan de senda meg lenkja?
    Kjem itj i dag
    Æ kjæm i morra
    Æ veit itj enda
    E det mer igjen?
    Ska æ ta med nåkka?
    Vi e på vei
    I did not get the message
    I never got the code
    I have no code
    I don't know this size
    Don't worry
    Don't forget me
    Not today
    Not sure yet
    No problem
    No rush
    No idea
    No message received
    No worries, see you there
    I want to receive more offers
    I want this one
    I wish I could come
    Do you have more?
    Any more left?
    Can you text me the address?
    Please text me when it is ready
    Text me the time
    Call me
    Can you write my name on it?
    Take my order please
    I will take it away
    Take away for two
    Is my number on it?
    My number is the same
    Do you have my number?
    Delete one of the two items please
    Please remove the onion
    Leave it with me
    Leave the parcel at the door
    I can give you a call
    Enough for two?
    Good enough
    Wrong size
    Wrong colour, can I swap?
    Who is working today?
    Never mind
    Never tried it, is it good?
    Consent form is signed
    The message was cut off
    Jag fick inte meddelandet
    Jag vill gärna ha två
    Vill du ha mer information?
    Inga problem
    Inte idag
    Ingen fara
    Sluta klockan fem idag?
    Kan ni kontakta mig?
    Skicka mer information
    Jeg fik ikke beskeden
    Jeg vil gerne have to
    Ikke i dag, måske i morgen
    Det gør ikke noget
    Ingen problemer
    Send mig mere info
    Må jeg få dit nummer?
    En ole kotona
    En tiedä vielä
    Kiitos viestistä
    Haluan kaksi
    Ich komme morgen
    Danke für die Nachricht
    Nicht heute
    Keine Ahnung
    Kein Problem
    Ich möchte zwei
    Nie wiem jeszcze
    Nie dzisiaj
    Dziękuję za wiadomość
    Proszę o adres
    Giitu
    """
)
ORDINARY = BOKMAL + NYNORSK + SVENSKA + DANSK + ENGLISH + REACTIONS + NEAR_A_REFUSAL
# In the languages of `tongues`, with the words of a stop in them.
FOREIGN = _lines(
    """
    En halua sipulia
    Voitteko poistaa tuotteen tilauksesta?
    Älä unohda minun takkia
    Lopetatteko kello viisi?
    En saanut viestiä
    Perun varaukseni huomiselta
    Nie chcę cebuli
    Nie mam numeru zamówienia
    Proszę usunąć cebulę z zamówienia
    Rezygnuję z wizyty w piątek
    Nie dostałem wiadomości z kodem
    Proszę nie dzwonić przed dziesiątą
    Ich möchte keine Zwiebeln
    Ich habe keine Nachricht bekommen
    Bitte löschen Sie die Bestellung
    Ich kann mich nicht anmelden
    Hören Sie mich?
    Nehmen Sie auch Karten?
    Ich möchte den Termin absagen
    Wann hört der Verkauf auf?
    Je ne veux pas de sauce
    Je n'ai pas reçu le message
    Pouvez-vous retirer les oignons ?
    Vous arrêtez à quelle heure ?
    Il n'y a plus de places ?
    Je voudrais annuler mon rendez-vous
    No quiero cebolla
    No he recibido el mensaje
    ¿Me pueden quitar la cebolla?
    No puedo ir mañana
    Quiero cancelar la reserva
    El precio está muy bajo, la calidad baja
    No me gusta el color
    Nenoriu svogūnų
    Negavau žinutės su kodu
    Ar galite atšaukti vizitą?
    Я не получил сообщение
    Не хочу лук
    Можно отменить запись?
    Уберите лук, пожалуйста
    Я не отримав повідомлення
    Не хочу цибулю
    Приберіть цибулю, будь ласка
    Скасуйте замовлення на завтра
    """
)
# With the words of a stop in another order, or about something else.
NEAR_A_FAMILY = _lines(
    """
    Kan dere ta bort løken?
    Kan dere fjerne gluten fra retten
    Jeg vil ut på tur i morgen
    Vil bort i helgen
    Vi er ute av byen
    Skal ikke ha dressing
    Skal ikke ha den i morgen
    Jeg trenger ikke pose
    Trenger ikke kvittering
    Trenger dere nummeret mitt?
    Bruker dere nummeret mitt?
    Er nummeret mitt slettet?
    Nummeret er endret
    Jeg har fått nytt nummer, 900 00 012
    Ble bordet avbestilt?
    Avslutter jobben klokka fire
    Jeg slutter på jobb kl 16
    Når slutter kampanjen
    Vi stopper på veien
    Jeg stopper innom i kveld
    La meg vite
    La oss si fredag
    La være å bestille, jeg fikset det
    Gi meg beskjed
    Gi dere en god anmeldelse!
    Gi meg to
    Hold av to stykker til meg
    Hold åpent litt lenger?
    Legg den på hylla
    Legg til en til
    Ta med en venn
    Ta kontakt med meg
    Ta det med ro
    Tar dere kort?
    Få den med ut
    Jeg er ikke medlem ennå
    Er ikke kunde enda, men vil gjerne bli
    Ikke nok plass
    Nok til to personer
    Har dere nok?
    Nok en gang takk
    Ingen flere ledige?
    Ingen melding fra dere i dag
    Fikk ingen sms
    Ingen sms kom fram
    Jeg har ikke gitt beskjed enda
    Samtykker til behandlingen hos legen
    Har dere samtykke fra foresatte?
    Trekk det fra kontoen
    Jeg trekker kortet der
    Bestillingen er slettet ved en feil
    Kan jeg slette appen?
    Kan dere avbestille timen min
    Meld meg på nyhetsbrevet
    Meld meg på lista
    Sett meg opp på listen
    Jeg vil være med på lista
    Vil stå på listen
    Jeg vil gjerne på lista
    Skriv meg på lista
    Jeg vil ikke av lista
    Er jeg på lista?
    Jeg motsetter meg ikke
    Jeg er interessert i tilbudet
    Interesserer meg veldig
    Ikke noe mer å tenke på
    Ikke mer enn to
    Ikke noe mer snø nå
    Lei av snø
    Leie av båt?
    Spar 20 prosent på tilbudet?
    Spar en til meg
    Slipper jeg gebyr?
    Slippe inn hunden?
    Opphører avtalen i januar?
    Skru av lyset
    Slå av prisen
    Kutter dere prisen?
    Kan dere kutte prisen
    Bli fjernet flekken?
    Klubben er fin
    Ut av klubben gikk vi kl 3
    Ring meg ikke før 12
    Ikke ring meg før 12
    Ikke send pakken ennå
    Send ikke til gammel adresse
    Send ingen poser
    Skriv ikke på kortet
    Ikke skriv navn
    Svarer dere ikke?
    Dere svarer ikke på meldinger
    Dere sender ikke til Svalbard?
    Sender dere ikke ut melding før dere kommer?
    Får ikke meldinger fra dere lenger, hvorfor?
    Jeg får ikke sms lenger
    Vil gjerne ha flere sms
    Ønsker å få tilbud igjen
    Jeg vil begynne å få sms igjen
    Please remove the onions
    Remove one item from my order
    Delete my order please
    Cancel my appointment tomorrow
    Please cancel my booking
    Cancel my order
    I want to cancel my order
    I want to cancel
    I end my shift at five
    Let me know
    Let it be noted
    Leave it at the door
    Leave it alone on the porch
    Leave the parcel in peace and quiet
    I don't have my number with me
    I don't need a bag
    No need to call
    No need to text me back
    No longer at that address
    Not interested in the red one, but the blue
    Take me with you
    Take it off the list price
    Get me off at 5
    Count me in
    Turn off the lights please
    I object to olives
    I'm tired of snow
    I'm sick today
    Enough for four people
    I need more messages like this
    Is my number on the list?
    You have my number
    Put me on the list
    Is it free to opt out of breakfast
    I'd like to end with dessert
    You are using the wrong number of items
    Use my number
    Don't use the side door
    Do you use my data?
    I never got the text
    I never received the message
    Did not get the text
    You did not send me the code
    You haven't sent me the code
    I didn't get any texts
    You never text me back
    Why did you not text me
    Kan ni ta bort löken?
    Ta bort disken tack
    Jag vill ut i helgen
    Behöver inte påse
    Är mitt nummer borttaget?
    Inga meddelanden från er idag?
    Fick inga sms
    Lägg den på bordet
    Lägg av två till mig
    Håll upp dörren
    Stäng av vattnet
    Låt mig veta
    Jag är inte kund ännu
    Inte mer än två
    Inget mer att tillägga
    Nog för två
    Sluta när?
    Jag slutar fem
    Kan ni sluta tidigare?
    När slutar ni?
    Ställ ut paketet
    Gå ut till vänster
    Anmäl mig till kursen
    Anmäl mig av misstag
    Kan I fjerne pletten?
    Slet ikke noget endnu
    Det er slet ikke dyrt
    Jeg vil ud at rejse
    Hold døren åben
    Lad mig vide det
    Lad være med at vente på mig
    Jeg slutter kl 16
    Så er det slut for i dag
    Jeg er ikke medlem endnu
    Ingen sms i dag?
    Har ikke fået sms'en
    Brug gerne mit nummer
    Tag mig med
    Tag en til mig
    Poistakaa sipuli
    En halua sipulia
    En tarvitse kassia
    Voitteko lähettää numeron
    Lopetatteko jo viideltä?
    Älkää odottako minua
    Onko numeroni listalla?
    En saanut viestiä
    Viestejä ei tullut
    Ei tullut viestiä
    En ole vielä asiakas
    Riittääkö kaksi?
    Kaksi riittää
    Nyt riittää lunta
    Antakaa kaksi
    Haluan kaksi
    Haluan perua ajan
    Perun ajan
    Perun varauksen
    Otan yhteyttä huomenna
    """
)
