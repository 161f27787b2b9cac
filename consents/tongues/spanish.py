"""How people refuse in Spanish: words by kind, as data. What the kinds are: see the package."""

WORDS = {
    "not": "no, nunca, jamás, ni, tampoco",
    "none": "ningún*, ninguna*, cero",
    "want": """
        quiero, queremos, quisiera, deseo, deseamos, desearía, necesito, gustaría, kiero, autoric*,
        autorizo, acepto
    """,
    "interest": "interesa*",
    "receive": "recibir, recibiendo, tener, leer, saber, ser, ver",
    "message": """
        mensaje*, msj*, msg*, sms*, publicidad*, propaganda*, promocion*, spam*, texto*, ofert*, correo*,
        newsletter*, bolet*, anuncio*, notificacion*, comunicacion*
    """,
    "write": """
        mand*, envi*, escrib*, molest*, contact*, llam*, spam*, moleste*, comuni*, fastidi*, acos*,
        texte*, jod*
    """,
    "more": "más, nunca, jamás, ya, vuelvan, vuelva, vuelvas, nuevamente, adelante, seguir, nada",
    "me": "me, mí, nos, conmigo",
    "my": "mi, mis, nuestro*, nuestra*, este, el, los, las",
    "this": "esto, estos, estas, esta, este, eso, ese, esos, sus, su, tus, tantos",
    "stop": """
        dejen, deja, deje, dejar, dejad, dejarme, paren, pare, parad, cesen, cese, cesar, detengan,
        detener, detenga, paran, terminen, basta, dejarían, suspend*
    """,
    "enough": "suficiente, harto, harta, cansad*",
    "remove": """
        borr*, elimin*, quit*, saqu*, sacar, suprim*, retir*, remuev*, remov*, olvid*, desactiv*, excluy*
    """,
    "removeme": """
        bórrenme, bórrame, bórreme, elimínenme, elimíname, elimíneme, quítenme, quítame, quíteme,
        sáquenme, sácame, sáqueme, borradme, quitadme, sacadme, eliminadme, retírenme, borrarme,
        eliminarme, quitarme, sacarme, remuévanme, desuscribirme
    """,
    "list": "lista*, base*, bases, agenda*, registro*, sistema*, directorio*, contactos",
    "data": "número*, nro, datos, teléfono*, móvil, celular, cuenta, contacto, nombre",
    "subscription": """
        suscripci*, subscripci*, servicio*, boletín*, newsletter*, cuenta, membresía*, membresia
    """,
    "cancel": "cancel*, anul*, rescind*, elimin*, termin*, finaliz*",
    "unsubscribe": "desuscrib*, dessuscrib*, desinscrib*, desapunt*, desafili*, desubscrib*, desuscripc*",
    "out": "baja, bajas",
    "give": """
        dar*, dadme, dame, denme, dén*, den, deme, dé*, solicit*, pid*, quier*, dese*, tramit*, gestion*,
        ponga*, quisiera, causar, solicitud, darse, cursar, procedan
    """,
    "consent": "consentim*, autorizaci*, permiso*, consiento, autoric*, autorizo, consient*",
    "withdraw": "retir*, revoc*, anul*, cancel*, quit*",
    "object": "opong*, oposici*, niego, rechaz*, prohíb*",
    "leave": "deje*, deja*, déjenme, déjame, déjeme, dejadme, dejarme, dejen",
    "peace": "paz, tranquil*",
    "you": "ustedes, usted, ud, uds, vosotros, su, sus, vuestr*, tu, tus",
    "small": """
        de, del, la, el, los, las, a, al, que, por, favor, en, y, para, con, le, les, lo, se, esta, este,
        estos, estas, sus, su, vuestra, tu, todos, todo, todas, mi, mis, un, una, como, ruego, pueden,
        puede, podrían, podria, pueda, otro, otra, ninguna, ningún, algún, si, volver, vuelvan, vuelva,
        ya, dicho, estoy
    """,
    "polite": """
        por, favor, gracias, hola, ya, inmediatamente, porfa, porfavor, urgente, ahora, buenas, buenos,
        muchas, ruego, días, tardes
    """,
    "doubt": """
        abogad*, denunci*, aepd, demand*, rgpd*, lopd*, policía*, acoso*, legal*, número equivocado,
        equivocad*, protección de datos, desuscrib*, reclamaci*
    """,
}
