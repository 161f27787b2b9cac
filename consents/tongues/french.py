"""How people refuse in French: words by kind, as data. What the kinds are: see the package."""

WORDS = {
    # The letters that a verb may begin with, of «m'», «d'» and so on.
    "elided": "mdlstjc",
    "not": "ne, n, jamais, pas",
    "none": "aucun*",
    "want": "veux, veut, voulons, voudrais, souhaite*, souhaiterais, désire*, voulez, veu, aimerais, accepte",
    "interest": "intéress*",
    "receive": """
        recevoir, avoir, lire, recoive, être, voir, contacté, contactée, dérangé, dérangée, sollicité,
        sollicitée
    """,
    "message": """
        message*, sms*, texto*, pub, pubs, publicit*, spam*, msg*, mess, promo*, newsletter*, offre*,
        démarchage*, communication*, sollicitation*, notification*, mail*, prospection*
    """,
    "write": """
        envoi*, envoy*, renvoy*, écri*, contact*, dérang*, harcel*, spam*, sollicit*, embêt*, emmerd*,
        importun*, texte*, relanc*, saoul*, soul*, appel*, rappel*
    """,
    "unwrite": "nenvoy*, nécri*, nimportun*, nembêt*, nappel*",
    "more": "plus, pas, jamais, désormais, point, rien",
    "me": "me, m, moi, nous",
    "my": "mon, ma, mes, notre, nos, ce, le, les, la",
    "this": "ça, cela, ces, cette, cet, tout, tous, toute, toutes, en, vos, votre",
    "stop": "arrête*, cess*, finiss*, fini, suffit, interromp*",
    "enough": "marre, assez, ras, fini, suffit, basta",
    "remove": """
        supprim*, retir*, enlev*, effac*, ray*, radi*, désactiv*, éradiqu*, ôte*, sort*, oubli*, dégag*
    """,
    "list": "liste*, base*, fichier*, diffusion, registre*, système*, répertoire*",
    "data": "numéro*, num, donnée*, coordonnée*, nom, téléphone, tel, contact, informations, infos, compte",
    "subscription": "abonnement*, inscription*, newsletter*, service*, adhésion*, souscription*",
    "cancel": "annul*, résili*, supprim*, fin, termin*, mettre, mets, désactiv*",
    "unsubscribe": "désabonn*, désinscri*, désincri*, desinscript*, désengag*",
    "consent": "consentement*, accord*, autoris*, consens, consent*, permission*",
    "withdraw": "retir*, révoqu*, annul*, reprend*, révoc*, retrait*",
    "object": "moppose*, oppos*, refus*, interdis, interdit, opposition*",
    "leave": "laisse*, foute*, fiche*, foutez, lâche*, laissez, fous, foutre, lachez",
    "peace": "tranquille*, paix, vivre, baskets, grappe",
    "you": "vous, tu, vos, votre, ton, tes",
    "small": """
        de, d, du, des, la, le, les, l, à, au, aux, par, je, j, veuillez, svp, merci, sur, avec, ces, ce,
        mon, ma, mes, vos, votre, cette, pour, et, en, tout, tous, toutes, que, c, bien, pouvez, pourriez,
        pouvoir, si, stp, demande, prière, être, autres, nouveaux, autre, s
    """,
    "polite": """
        merci, svp, stp, bonjour, bonsoir, immédiatement, veuillez, plaît, il, vous, sil, cordialement,
        tout, suite, beaucoup, maintenant, non
    """,
    "doubt": """
        avocat*, cnil*, rgpd*, plainte*, harcèlement*, harcelement, tribunal*, illégal*, trompez de,
        mauvais numéro, faux numéro, désabonn*, désinscri*, police, justice, signaler*, résili*
    """,
}
