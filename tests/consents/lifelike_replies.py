"""Replies as people write them, made up apart from the rules: wishes to stop, and ordinary ones."""

WISHES = """
Kan dere være så snill å slutte med disse meldingene
Nå har jeg fått nok. Stopp!
Hei. Ønsker ikke flere tilbud fra dere. Mvh Tone
STOPP for faen
Meld meg av listen deres takk
Jeg vil ikke ha reklame på sms
Avmeld
avmelding takk
Vennligst fjern nummeret mitt fra systemet
Fjern meg fra kundelisten
Slett meg som kunde
Slett all info dere har om meg
Vil ikke motta mer sms
Ikke send meg flere meldinger
Ikke send mer reklame, men takk for alt
ikke interessert lenger
Ikke interessert i tilbudene deres
Jeg er ikke interessert
Jeg trekker tilbake samtykket mitt
Herved trekker jeg samtykket
Sier opp abonnementet
stop it please
Stop texting me
STOP STOP STOP
stoppp
Stopp denne dritten
Slutt å sende meg spam
Slutt å mase
slutt nå
Slutt
Avslutt abonnement
kan dere stoppe sms
Kan dere stoppe disse smsene?
Jeg ønsker å melde meg av
Ønsker å avslutte
Vil avslutte
Vil melde meg ut
Meld meg ut av kundeklubben
Ta meg av lista
ta bort nummeret mitt
Takk, men nei takk til flere sms
Nei takk, ikke send mer
Nei, ikke send meg noe
nei stopp
Ikkje send meir
Ikkje send fleire meldingar
Eg vil ikkje ha fleire meldingar
Eg vil ikkje ha dette
Slutt å plage meg
Eg ynskjer ikkje å få sms
kan de slutte å sende sms
æ vil itj ha fleir meldinga
vil ikkje ha meir frå dykk
Eg vil ikkje lenger ha reklame
Slutt å send sms te mæ
Sluta skicka sms
Jag vill inte ha fler sms
Vill inte ha reklam
Avregistrera mig tack
Ta bort mig från listan
ta bort mitt nummer
Inga fler sms tack
Sluta störa mig
Jag vill avsluta
Stoppa utskicken
Afmeld mig
Afmeld tak
Stop med at sende sms
Jeg vil ikke have flere beskeder
Slet mig fra jeres liste
Fjern mit nummer
Meld mig fra
Jeg ønsker ikke flere sms fra jer
Lad mig være i fred
Hold op med at skrive til mig
Lopettakaa viestien lähettäminen
En halua enää viestejä
Poista numeroni
Älkää lähettäkö minulle viestejä
poistakaa minut listalta
Peru tilaus
Please stop sending me these
Please remove me from your list
unsubscribe me
I want to unsubscribe
Unsubscribe please!!
Take me off this list
Do not text me again
Don't text me
dont message me anymore
No more texts please
I no longer want these messages
Delete my number
Remove my number from your database
leave me alone
Not interested, thanks
I'm not interested
Opt out
opt me out please
end
QUIT
Stop now or I will report you
Lose my number
Nie wysyłajcie mi więcej smsów
Proszę mnie usunąć z listy
Nie chcę więcej wiadomości
nicht mehr senden
Bitte keine SMS mehr
🛑🛑
stopp 🙏
Stopp. Takk.
S T O P
Stop!!!!!! NÅ
Hvor mange ganger må jeg si det? STOPP
Slutt nå, jeg har sagt det før: ikke send meg sms
vil ikke ha noe fra dere, men ellers takk
Vil ikke ha disse meldingene før jul eller noen gang
ikke flere nå, takk
Ikke flere meldinger enn dette
ikke mer enn dette nå, slutt
Ikke send meg noe mer før jeg sier fra
jeg vil ikke ha tilbudet, men fjern meg fra lista
""".strip().splitlines()
ORDINARY_REPLIES = """
Hei, er på vei, 5 min
Kan jeg komme litt senere?
Rekker ikke timen i dag dessverre
Flott, vi sees på torsdag kl 10
Har dere stengt i pinsen?
Takk for påminnelsen 😊
Bussen stopper rett utenfor hos dere?
Jeg slutter på jobb halv fire, kan jeg komme da?
Stopp gjerne innom på veien hjem
Vi møtes ved stoppet
Når er kampanjen slutt?
Til slutt, har dere gaveinnpakning?
Er det slutt på str 38?
Jeg skal av på neste stasjon
Kommer ut på rommet nå
Går ut med hunden, ringer etterpå
Nei takk, det holder med én
Nei takk, ikke denne gangen
Nei, det går ikke på fredag
Ikke ring nå, er i møte
Ikke mas, er der om to minutter
Ikke mas da mamma, jeg kommer
Ikke glem meg 😂
Ikke vent på meg
Ikke send den ennå, jeg har skrevet feil adresse
Ikke send pakken før torsdag, er bortreist
Jeg vil ikke ha den med hette, men den uten
Vil ikke ha melk i kaffen, men gjerne sukker
Vi blir ikke flere enn seks
Det ble ikke flere plasser?
Har dere ikke flere i blått?
Er det ikke mer igjen av den grønne?
Hadde dere ikke flere farger?
Fjernkontroll følger med?
Slettet meldingen ved et uhell, hva var koden?
Kan dere slette bestilling 33 og legge inn ny?
Jeg måtte avbestille hotellet, men kommer likevel
Avbestillingsfrist?
Klokka på veggen har stoppet igjen
Motoren stopper i bakken
Stoppeklokke på lager?
Hvilket stopp skal jeg gå av på?
Toppstopp? Nei topplue
Stop over i London, lander kl 20
Skal vi stoppe og spise på veien?
Ok
ok takk
Takk det samme!
Gratulerer!
God jul til dere også
Supert tilbud
Haha bra reklame
Den reklamen var morsom
Leser alltid meldingene deres :)
Har ikke fått noen melding med kode
Fikk to meldinger, er det riktig?
Sms kom ikke fram i går
Sender bilde på mail
Kan dere sende faktura på nytt
Send meg gjerne flere tilbud
Kan du melde meg på kurset
Meld meg på!
Vi er tre stykker
42
4 voksne og 2 barn
Skostørrelse 41
Kode 4471
10.30 passer
Eg kjem seinare
Kor tid stenger de?
Eg sluttar klokka tre
Ikkje mas, eg er straks der
Ikkje gløym boka
E det nokka igjen?
Ka koste han?
Mæ e på vei
Bussen stoppe ikkje her meir
Eg vil ikkje ha raud, men grøn
Tusen takk for hjelpa
Jag kommer om en stund
Stannar tåget i Moss?
Jag slutar fem idag
Tack så mycket, så snällt
Glöm inte paraplyet
Vill inte ha den stora, men den lilla
Har ni inga fler kvar?
Är mötet inställt?
Jeg er der om ti minutter
Toget stopper i Odense
Hvornår lukker I?
Tusind tak for hjælpen
Vil ikke have kød, men fisk
Hold op hvor sødt!
Bliver det slut før kl 20?
Tulen viideltä
Mihin aikaan suljette?
Kiitos muistutuksesta
Bussi ei pysähdy tässä
See you at five
Running late, sorry
Stop by anytime!
I'll stop by after lunch
Bus stop is closed today
Nonstop rain here lol
Can't stop smiling
When does it end?
The sale ends on Sunday, right?
I quit smoking :)
Do not send it before Monday please
Please don't forget my jacket
I don't want the large one, but the medium
Do you have any more?
Not today, thanks
No thanks, I have one already
Is this still available?
Thanks a lot!
How much is shipping?
Wrong colour, can I return it?
Off to the cabin, back Sunday
Out for lunch
👍
❤️❤️
Likte «Svar STOPP for å melde deg av»
La meg vite når den kommer
La meg være ærlig, den var litt liten
Sånn går det når man slutter å trene
Måtte stoppe treningen pga kneet
Bestefar har sluttet å røyke
Alt bra med deg?
Alt av str M er utsolgt?
Kan jeg ta med meg to venner
Kan mamma få samme tilbud?
Jeg har ikke mer penger på konto 😅
Ingen meldinger fra skolen i dag?
Hvem er trener i kveld?
Kutter dere prisen på fredag?
""".strip().splitlines()
