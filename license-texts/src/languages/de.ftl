### German. The keys of en.ftl, in its order.

language-name = Deutsch

## Dates. $day is a number without a leading zero, $month 1 to 12.

month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
date = { $day }. { $month } { $year }
date-time = { $date }, { $time } { $zone }

## Numbers of things

days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}
days-left = { $count ->
    [0] kein Tag mehr
    [one] noch { $count } Tag
   *[other] noch { $count } Tage
}

## Where a license stands: the heading of the status page

phase-unlicensed = Keine Lizenz
phase-scheduled = Die Lizenz hat noch nicht begonnen
phase-active = Die Lizenz ist in Kraft
phase-expiring = Die Lizenz endet bald
phase-grace = Die Lizenz ist zu Ende: Karenzzeit
phase-lapsed = Lizenz abgelaufen
phase-invalid = Die Lizenz kann nicht verwendet werden

summary-unlicensed = Installieren Sie eine Lizenz, um zu beginnen.
summary-scheduled = Sie beginnt am { $date }.
summary-active = Gültig bis einschließlich { $date }: { $left }.
summary-expiring = Gültig bis einschließlich { $date }: { $left }. Erneuern Sie die Lizenz rechtzeitig vorher.
summary-grace = Sie endete am { $date }. Bis einschließlich { $grace } funktioniert alles weiter.
summary-lapsed = Sie endete am { $date }. Installieren Sie eine erneuerte Lizenz.
summary-invalid = Die installierte Lizenz ist nicht in Kraft.

## Warnings: what administrators should know

warning-license_expiring = Die Lizenz endet am { $date }: { $left }.
warning-license_in_grace = Die Lizenz endete am { $date }. Die Karenzzeit endet am { $grace }.
warning-license_expired = Die Lizenz endete am { $date }.
warning-license_expired_grace = Die Lizenz endete am { $date }. Die Karenzzeit endete am { $grace }.
warning-limit_reached = Lizenzlimit ausgeschöpft: { $limit }.
warning-license_gap = Die wartende Lizenz beginnt erst nach einer Lücke ({ $left }): Vom { $from } bis zum { $until } ist keine Lizenz in Kraft.
warning-license_gap_new = Diese Lizenz beginnt erst nach einer Lücke ({ $left }): Vom { $from } bis zum { $until } ist keine Lizenz in Kraft.
warning-license_ends_earlier = Die wartende Lizenz endet am { $date }, { $left } früher als die geltende ({ $before }).
warning-license_ends_earlier_new = Diese Lizenz endet am { $date }, { $left } früher als die geltende ({ $before }).
warning-license_ends_earlier_together = Die wartende Lizenz endet gleichzeitig mit der geltenden, am { $date }.
warning-license_ends_earlier_together_new = Diese Lizenz endet gleichzeitig mit der geltenden, am { $date }.
warning-clock_ahead = Die Systemuhr liegt mehr als eine Stunde hinter dem spätesten Zeitpunkt, den dieser Dienst gesehen hat. Prüfen Sie die Systemuhr.
warning-clock_skewed = { $minutes ->
    [one] Die Uhr dieser Maschine weicht um { $minutes } Minute von der Uhr der Datenbank ab. Stellen Sie sie richtig: Lizenzen werden hier nach ihr beurteilt.
   *[other] Die Uhr dieser Maschine weicht um { $minutes } Minuten von der Uhr der Datenbank ab. Stellen Sie sie richtig: Lizenzen werden hier nach ihr beurteilt.
}
warning-machine_changed = Die Identität dieser Maschine hat sich geändert: Die Lizenz gilt für { $old }, diese Maschine ist jetzt { $new }. Die Lizenz gilt noch bis { $until }. Laden Sie die Maschineninformation herunter, senden Sie sie an den Anbieter und installieren Sie die dafür ausgestellte Lizenz.
warning-machine_changed_over = Die Identität dieser Maschine hat sich geändert: Die Lizenz gilt für { $old }, diese Maschine ist jetzt { $new }. Die Lizenz ist hier nicht in Kraft. Laden Sie die Maschineninformation herunter, senden Sie sie an den Anbieter und installieren Sie die dafür ausgestellte Lizenz.
warning-store_unavailable_unwritable = Der Lizenzzustand kann nicht gespeichert werden. Der Dienst läuft weiter; prüfen Sie den Datenträger oder die Datenbank.
warning-store_unavailable_unreadable = Der Lizenzspeicher kann nicht gelesen werden. Der Dienst läuft weiter; prüfen Sie den Datenträger oder die Datenbank.
warning-store_unavailable_replaced = Der Lizenzspeicher wurde im Betrieb geändert, ersetzt oder gelöscht, und es wird nichts mehr hineingeschrieben. Der Dienst läuft weiter; starten Sie ihn neu.
warning-source_failed = { $source } liefert keine Lizenz. Was in Kraft war, bleibt in Kraft.
warning-source_hidden = { $source } ist maßgeblich und verdeckt, was ebenfalls gesetzt ist: { $hidden }.
warning-source_older = { $source } enthält eine Lizenz, die früher ausgestellt wurde als die von dieser Installation angenommene. Sie wird nicht verwendet; hinterlegen Sie dort die neueste Lizenz.
warning-source_overrides = { $source } ist maßgeblich, doch die Lizenz dort wurde früher ausgestellt als eine andere, die installiert wurde. Hinterlegen Sie dort die neueste Lizenz.
warning-source_mounted_alone = { $source } ist als einzelne Datei eingehängt; eine Lizenz, die sie außerhalb ersetzt, wird deshalb hier nicht bemerkt. Hängen Sie stattdessen das Verzeichnis ein.
warning-source_decides = { $source } ist maßgeblich: Was hier installiert wird, wird durch die Lizenz dort ersetzt.
warning-source_replaced = Die Lizenzdatei { $source } wird ebenfalls ersetzt.
warning-domain_mismatch = Sie nutzen diesen Dienst unter { $host }; die Lizenz für { $domain } deckt das nicht ab. Möglicherweise hat ein vorgeschalteter Proxy den Hostnamen ersetzt: Lassen Sie ihn weitergeben, was der Client gesendet hat, oder tragen Sie ihn als vertrauenswürdigen Proxy ein.
warning-installed = Diese Lizenz ist bereits installiert.
warning-waits = Die Lizenz wartet bis zum { $date } und tritt dann in Kraft.
warning-replaces_waiting = Sie ersetzt die Lizenz, die jetzt wartet.
warning-allows_less = Die Lizenz erlaubt weniger als die geltende.
warning-limit_exceeded = { $limit }: { $used } belegt, { $max } erlaubt. Niemand wird entfernt; niemand kann hinzukommen.
warning-locks_out_host = Damit würde der verwendete Host { $host } ausgesperrt: Die Lizenz gilt für { $domain }.
warning-other_customer = Die Lizenz wurde für einen anderen Kunden ausgestellt.
warning-other_domain = Die Lizenz ist an eine andere Domain gebunden: { $domain }.
warning-other_domain_bound = Die Lizenz ist jetzt an eine Domain gebunden: { $domain }.
warning-other_machine = Die Lizenz ist an eine andere Maschine gebunden.
warning-other_machine_bound = Die Lizenz ist jetzt an eine bestimmte Maschine gebunden.
warning-days_given_away = { $count ->
    [one] { $count } bezahlter Tag geht verloren: Die geltende Lizenz läuft bis zum { $date }, und die Laufzeit der neuen zählt bereits ab dem { $from }.
   *[other] { $count } bezahlte Tage gehen verloren: Die geltende Lizenz läuft bis zum { $date }, und die Laufzeit der neuen zählt bereits ab dem { $from }.
}

## Gained and lost by another license

change-feature = { $title }
change-limit = { $limit }: { $before } → { $after }
change-limit_used = { $limit }: { $used } belegt, { $after } erlaubt
change-name = { $limit }: { $name }
change-plan = Tarif: { $plan }
change-end = Endet am { $date } statt am { $before }
change-domain = Domain: { $domain }
change-domain_freed = Domain: beliebig statt { $domain }
change-domain_bound = Domain: { $domain } statt beliebig
change-machine = Maschine: { $machine }
change-machine_freed = Maschine: beliebig statt { $machine }
change-machine_bound = Maschine: { $machine } statt beliebig
unlimited = unbegrenzt

## What a period means for the people who use the service

effect-active = Alles, was die Lizenz gewährt, funktioniert.
effect-expiring = Alles funktioniert; Administratoren werden gewarnt, dass die Lizenz endet.
effect-grace = Die Lizenz ist zu Ende; in der Karenzzeit funktioniert alles, mit Warnungen.
effect-advisory = Die Lizenz ist zu Ende; alles funktioniert, mit Warnungen.
effect-advisory_invalid = Die Lizenz ist nicht in Kraft; alles funktioniert, mit Warnungen.
effect-features = Lizenzierte Funktionen werden verweigert; alles andere läuft weiter.
effect-read_only = Änderungen werden verweigert; Lesen ist weiterhin möglich.
effect-everything = Der Dienst wird verweigert, bis er wieder eine Lizenz hat.
effect-takes_over = Die wartende Lizenz tritt in Kraft. { $effect }
effect-answer = Die Antwort ist { $status } ({ $code }).

## Denials: why a request is refused. $delivery says how a new license gets here.

denial-license_missing = Es ist keine Lizenz installiert
    .detail = In diesem Dienst ist keine Lizenz installiert.
    .remedy = { $delivery ->
        [file] Ein Administrator kann eine Lizenz dort ablegen, wo der Dienst seine Lizenzdatei sucht.
        [start] Ein Administrator kann den Dienst mit einer Lizenz neu starten.
       *[upload] Ein Administrator kann eine Lizenz installieren.
    }
denial-license_expired = Die Lizenz ist abgelaufen
    .detail = Die Lizenz dieses Dienstes ist abgelaufen.
    .remedy = { $delivery ->
        [file] Ein Administrator kann die Lizenzdatei durch eine erneuerte Lizenz ersetzen.
        [start] Ein Administrator kann den Dienst mit einer erneuerten Lizenz neu starten.
       *[upload] Ein Administrator kann eine erneuerte Lizenz installieren.
    }
denial-license_not_yet_valid = Die Lizenz ist noch nicht gültig
    .detail = Die Lizenz dieses Dienstes beginnt später.
    .remedy = Warten Sie, bis die Lizenz beginnt, oder installieren Sie eine, die jetzt gültig ist.
denial-license_invalid = Die installierte Lizenz ist nicht gültig
    .detail = Die installierte Lizenz konnte nicht verifiziert werden.
    .remedy = Ein Administrator kann eine Lizenz installieren, wie der Anbieter sie ausgestellt hat.
denial-state_corrupt = Der Lizenzzustand war nicht lesbar
    .detail = Der gespeicherte Lizenzzustand war nicht lesbar und wurde gesondert aufbewahrt.
    .remedy = Ein Administrator kann eine Lizenz installieren, wie der Anbieter sie ausgestellt hat.
denial-machine_mismatch = Für eine andere Maschine lizenziert
    .detail = Die Lizenz ist an eine andere Maschine gebunden, oder die Identität der Maschine hat sich geändert.
    .remedy = Ein Administrator kann die Maschineninformation herunterladen, sie dem Anbieter senden und die dafür ausgestellte Lizenz installieren.
denial-fingerprint_unavailable = Die Identität dieser Maschine kann nicht gelesen werden
    .detail = Die Lizenz ist an eine Maschine gebunden, und die Identität dieser Maschine kann nicht gelesen werden.
    .remedy = Machen Sie die Maschinen-ID für den Dienst lesbar (Linux: /etc/machine-id).
denial-clock_rolled_back = Die Systemuhr wurde zurückgestellt
    .detail = Die Systemuhr wurde um mehr als einen Tag zurückgestellt.
    .remedy = Stellen Sie die Systemuhr auf die richtige Zeit. Wenn sie einmal vorgegangen ist, kann ein Administrator die Maschineninformation herunterladen, sie dem Anbieter senden und eine Lizenz installieren, die die gespeicherte Zeitmarke zurücksetzt.
denial-clock_not_set = Die Systemuhr ist nicht gestellt
    .detail = Die Systemuhr zeigt eine unmögliche Zeit an.
    .remedy = Stellen Sie die Systemuhr auf die richtige Zeit.
denial-feature_lapsed = Die Lizenz für diese Funktion ist abgelaufen
    .detail = Die Lizenz, die diese Funktion gewährt, ist abgelaufen.
    .remedy = { $delivery ->
        [file] Ein Administrator kann die Lizenzdatei durch eine erneuerte Lizenz ersetzen.
        [start] Ein Administrator kann den Dienst mit einer erneuerten Lizenz neu starten.
       *[upload] Ein Administrator kann eine erneuerte Lizenz installieren.
    }
denial-feature_not_licensed = Funktion nicht lizenziert
    .detail = Die Lizenz dieses Dienstes umfasst diese Funktion nicht.
    .remedy = Bitten Sie den Anbieter um eine Lizenz, die diese Funktion umfasst.
denial-read_only = Nur Lesezugriff, bis die Lizenz erneuert ist
    .detail = Die Lizenz ist abgelaufen: Lesen ist weiterhin möglich, Änderungen werden verweigert.
    .remedy = { $delivery ->
        [file] Ein Administrator kann die Lizenzdatei durch eine erneuerte Lizenz ersetzen.
        [start] Ein Administrator kann den Dienst mit einer erneuerten Lizenz neu starten.
       *[upload] Ein Administrator kann eine erneuerte Lizenz installieren.
    }
denial-read_only_unlicensed = Nur Lesen, bis eine Lizenz in Kraft ist
    .detail = { $cause } Lesen geht weiter, Änderungen werden abgelehnt.
denial-domain_mismatch = Die Lizenz gilt nicht für diese Domain
    .detail = Dieser Hostname ist von der Lizenz nicht abgedeckt.
    .remedy = Verwenden Sie einen lizenzierten Hostnamen oder bitten Sie den Anbieter um eine Lizenz für diesen.
denial-host_invalid = Host fehlt oder ist fehlerhaft
    .detail = Die Anfrage muss genau einen korrekt angegebenen Host nennen; die Lizenz ist an eine Domain gebunden.
    .remedy = Senden Sie genau einen Host-Header mit einem Hostnamen; ein vertrauenswürdiger Proxy muss den Header senden, der den Host nennt (etwa X-Forwarded-Host).
denial-limit_reached = Lizenzlimit erreicht
    .detail = Die Lizenz erlaubt hiervon keine weiteren.
    .remedy = Geben Sie einige frei oder bitten Sie den Anbieter um eine größere Lizenz.
denial-concurrent_host_limit_reached = Limit gleichzeitig verbundener Hosts erreicht
    .detail = Es sind so viele Hosts verbunden, wie die Lizenz erlaubt.
    .remedy = Trennen Sie die Verbindung eines Hosts oder bitten Sie den Anbieter um eine größere Lizenz.
denial-store_unavailable = Der Lizenzspeicher ist nicht verfügbar
    .detail = Der Lizenzspeicher ist zurzeit nicht erreichbar.
    .remedy = Versuchen Sie es in Kürze erneut.

## Why a license was not installed

install-token_too_large = Die Lizenzdatei ist zu groß
    .advice = Eine Lizenz ist höchstens 16 KiB groß. Laden Sie die Lizenzdatei genau so hoch, wie Sie sie erhalten haben.
install-token_malformed = Keine Lizenzdatei
    .advice = Laden Sie die Lizenzdatei genau so hoch, wie Sie sie erhalten haben.
install-not_previewed = Nicht die Lizenz aus der Vorschau
    .advice = Rufen Sie die Vorschau für diese Lizenz erneut auf und bestätigen Sie dann.
install-key_unknown = Mit einem unbekannten Schlüssel signiert
    .advice = Fragen Sie den Anbieter, ob die Lizenz für diese Version des Produkts bestimmt ist.
install-algorithm_not_allowed = Signaturalgorithmus nicht zulässig
    .advice = Bitten Sie den Anbieter, die Lizenz für dieses Produkt neu auszustellen.
install-signature_invalid = Die Prüfung der Lizenzsignatur ist fehlgeschlagen
    .advice = Die Datei ist möglicherweise beschädigt oder wurde nicht von diesem Anbieter ausgestellt. Bitten Sie den Anbieter um eine neue Kopie.
install-claims_invalid = Die Lizenz ist unvollständig oder widersprüchlich
    .advice = Bitten Sie den Anbieter, die Lizenz neu auszustellen.
install-issuer_mismatch = Von einem anderen Anbieter ausgestellt
    .advice = Laden Sie die Lizenz für dieses Produkt hoch.
install-audience_mismatch = Für ein anderes Produkt ausgestellt
    .advice = Laden Sie die Lizenz für dieses Produkt hoch.
install-domain_invalid = Die lizenzierte Domain ist kein gültiges Muster
    .advice = Bitten Sie den Anbieter, die Lizenz neu auszustellen.
install-machine_mismatch = Für eine andere Maschine lizenziert
    .advice = Laden Sie die Maschineninformation herunter, senden Sie sie dem Anbieter und laden Sie die dafür ausgestellte Lizenz hoch.
install-fingerprint_unavailable = Die Identität dieser Maschine kann nicht gelesen werden
    .advice = Machen Sie die Maschinen-ID für den Dienst lesbar (Linux: /etc/machine-id) und versuchen Sie es erneut.
install-license_expired = Die Lizenz ist abgelaufen
    .advice = Bitten Sie den Anbieter um eine erneuerte Lizenz.
install-issued_in_future = Das Ausstellungsdatum der Lizenz liegt in der Zukunft
    .advice = Prüfen Sie die Systemuhr dieser Maschine. Geht sie richtig, bitten Sie den Anbieter, die Lizenz neu auszustellen.
install-license_not_fresh = Die Ausstellung der Lizenz liegt zu lange zurück
    .advice = Bitten Sie den Anbieter, die Lizenz neu auszustellen.
install-clock_rolled_back = Die Systemuhr wurde zurückgestellt
    .advice = Stellen Sie die Systemuhr auf die richtige Zeit. Wenn sie einmal vorgegangen ist, laden Sie die Maschineninformation herunter und senden Sie sie dem Anbieter.
install-clock_not_set = Die Systemuhr ist nicht gestellt
    .advice = Stellen Sie die Systemuhr auf die richtige Zeit und versuchen Sie es erneut.
install-domain_mismatch = Die Lizenz gilt nicht für diese Domain
    .advice = Die Lizenz würde den Hostnamen aussperren, unter dem Sie diesen Dienst nutzen. Bitten Sie den Anbieter um eine Lizenz für diesen Namen oder nutzen Sie den Dienst unter einem lizenzierten.
install-older_than_installed = Eine ältere Lizenz kann eine neuere nicht ersetzen
    .advice = Laden Sie die neueste Lizenz hoch, die Sie erhalten haben.
install-store_unavailable = Die Lizenz konnte nicht gespeichert werden
    .advice = Es wurde nichts geändert. Versuchen Sie es in Kürze erneut.
install-license_file_read_only = Die Lizenzdatei kann nicht ersetzt werden
    .advice = Die Lizenzdatei entscheidet, und der Dienst kann sie nicht schreiben. Es wurde nichts geändert. Ersetzen Sie die Datei dort, wo sie herkommt.
install-internal_error = Interner Fehler
    .advice = Es wurde nichts geändert. Einzelheiten stehen im Protokoll des Dienstes.

## Errors of the upload form and of other pages

upload-empty = Wählen Sie eine Datei oder fügen Sie die Lizenz ein
    .advice = Es wurde nichts gesendet. Wählen Sie die Datei, die Sie erhalten haben, oder fügen Sie ihren Text ein.
upload-both = Es wurden eine Datei und ein Text gesendet
    .advice = Senden Sie nur eines von beiden: die Datei oder den eingefügten Text.
upload-unsupported_media_type = Dieses Formular kann nicht gelesen werden
    .advice = Senden Sie es erneut von der Lizenzseite aus.
upload-uploads_off = Hochladen ist hier abgeschaltet
    .advice = Die Lizenz kommt von anderswo; die Seite sagt, woher.
upload-request_timeout = Das Hochladen hat zu lange gedauert
    .advice = Versuchen Sie es erneut.
upload-too_many_attempts = Zu viele abgelehnte Uploads
    .advice = Warten Sie eine Minute und laden Sie dann die richtige Datei hoch.
upload-cross_site_request = Die Anfrage kam von einer anderen Website
    .advice = Verwenden Sie die Seiten dieses Dienstes.
upload-unauthenticated = Melden Sie sich zuerst an
    .advice = Das kann nur ein Administrator. Melden Sie sich an und versuchen Sie es erneut.
upload-forbidden = Das dürfen nur Administratoren
    .advice = Melden Sie sich als Administrator an.
upload-not_found = Unter dieser Adresse ist nichts
    .advice = Gehen Sie zurück zur Lizenzseite.

## The pages

title = { $product } · { $page }
page-license = Lizenz
page-preview = Neue Lizenz prüfen
page-upload = Lizenz hochladen
page-history = Verlauf
page-denied = Verweigert
skip = Zum Inhalt springen
back = Zurück zur Lizenz
home = Startseite
sign-in = Anmelden
sign-out = Abmelden
sign-in-hint = Sind Sie Administrator? Melden Sie sich an, um die Lizenz zu sehen und zu erneuern.
language = Sprache
code = Code
details = Details
details-english = Details (auf Englisch)
copy = Kopieren
copied = Kopiert
close = Schließen

whom-to-ask = An wen Sie sich wenden können
ask-administrator = Wenden Sie sich an einen Administrator dieses Dienstes und nennen Sie den Code { $code }.
ask-administrator-plain = Fragen Sie einen Administrator dieses Dienstes.
ask-vendor = An { $vendor } schreiben
ask-vendor-hint = Die Lizenz stammt von { $vendor }.
renew = Online erneuern
mail-subject = { $product }: Lizenz { $id } ({ $code })
mail-body =
    Guten Tag,

    unsere Lizenz für { $product } muss geprüft werden.

    Lizenz: { $id }
    Code: { $code }
    Datum: { $date }

section-license = Lizenz
section-limits = Limits
section-features = Funktionen
section-timeline = Was wann geschieht
section-machine = Maschine
section-upload = Lizenz installieren
section-history = Verlauf
section-alerts = E-Mail-Benachrichtigungen
section-next = Die wartende Lizenz
section-warnings = Was zu beachten ist

field-id = Lizenz-ID
field-customer = Kunde
field-plan = Tarif
field-issued = Ausgestellt
field-begins = Beginn
field-ends = Letzter Tag
field-grace = Karenzzeit bis
field-days = Verbleibende Tage
field-domain = Domain
field-machine = Maschine
field-any = beliebig
field-file-digest = Hashwert

limits-none = Die Lizenz hat keine Limits.
limits-used = { $used } von { $max }
limits-used-unlimited = { $used }, unbegrenzt
limits-max = höchstens { $max }
limits-exceeded = { $used } belegt, { $max } erlaubt: Niemand wird entfernt, niemand kann hinzukommen.
limits-names = Erlaubt: { $names }
limits-names-none = nichts erlaubt
forecast-full = Bei gleichbleibender Nutzung am { $date } ausgeschöpft.
forecast-month = Bei gleichbleibender Nutzung am { $date } ausgeschöpft; am { $until } beginnt die Zählung neu.

features-none = Die Lizenz gewährt keine Funktionen.
feature-granted = enthalten
feature-missing = nicht enthalten

timeline-title = Die Laufzeit der Lizenz
timeline-description = { $from } bis { $until }. Heute ist der { $today }.
timeline-now = Ohne diese Lizenz
timeline-then = Mit dieser Lizenz
timeline-today = Heute
timeline-warning = Warnungen beginnen
timeline-end = Die Lizenz endet
timeline-grace = Die Karenzzeit endet
timeline-next = Die nächste Lizenz beginnt
timeline-from = Ab
timeline-phase = Zustand
timeline-effect = Was das bedeutet
timeline-answer = Antwort
timeline-nothing = Es ändert sich nichts.
timeline-answers = Anfragen werden mit { $status } ({ $code }) beantwortet.
timeline-served = Anfragen werden bedient.
state-unlicensed = Keine Lizenz
state-scheduled = Noch nicht begonnen
state-active = In Kraft
state-expiring = Endet bald
state-grace = Karenzzeit
state-lapsed = Abgelaufen
state-invalid = Nicht in Kraft

machine-fingerprint = Fingerabdruck dieser Maschine
machine-unknown = Die Identität dieser Maschine kann nicht gelesen werden.
machine-download = Maschineninformation herunterladen
machine-hint = Der Anbieter braucht diese Datei, um eine Lizenz an diese Maschine zu binden oder um zu berichtigen, dass die Uhr einmal vorgegangen ist.

upload-hint = Wählen Sie die Lizenzdatei, die Sie erhalten haben, oder fügen Sie ihren Text ein. Sie sehen, was sich ändern würde, bevor sich etwas ändert.
upload-elsewhere = Die Lizenz kommt aus { $source }. Um sie zu erneuern, ersetzen Sie sie dort durch die Lizenz, die Sie erhalten haben; sie gilt innerhalb von Sekunden, ohne Neustart.
upload-elsewhere-start = Die Lizenz wird dem Dienst beim Start in { $source } gegeben. Um sie zu erneuern, setzen Sie dort die Lizenz ein, die Sie erhalten haben, und starten Sie den Dienst neu.
upload-drop = Legen Sie die Lizenzdatei hier ab oder fügen Sie ihren Text an beliebiger Stelle dieser Seite ein.
upload-file = Lizenzdatei
upload-text = oder ihr Text
upload-review = Prüfen

preview-from = gilt ab sofort
preview-waits = tritt am { $date } in Kraft
preview-gained = Kommt hinzu
preview-lost = Entfällt
preview-nothing-gained = Es kommt nichts hinzu.
preview-nothing-lost = Es entfällt nichts.
preview-unchanged = Diese Lizenz ist bereits installiert. Es ändert sich nichts.
preview-warnings = Vor der Installation
preview-install = Diese Lizenz installieren
preview-cancel = Abbrechen
preview-now = Jetzt
preview-new = Neu
preview-fact = Angabe
preview-host = Ich nutze diesen Dienst unter einem Hostnamen, den die Lizenz nicht abdeckt. Trotzdem installieren.

installed-done = Installiert: { $id }.
installed-waits = Angenommen: { $id } tritt in Kraft, sobald die Laufzeit beginnt.
installed-unchanged = Diese Lizenz war bereits installiert: { $id }.

installed-overruled = Angenommen, aber eine andere Quelle der Lizenz entscheidet: In Kraft ist { $id }.
history-when = Wann
history-who = Wer
history-from = Von wo
history-license = Lizenz
history-outcome = Was
history-older = Ältere Einträge
history-newest = Neueste Einträge
history-empty = Bisher ist nichts geschehen.
outcome-installed = Installiert
outcome-scheduled = Angenommen; wartet auf ihren Beginn
outcome-unchanged = War bereits installiert
outcome-took_over = In Kraft getreten
outcome-expired = Zu Ende
outcome-removed = Entfernt
outcome-refused = Abgelehnt: { $reason }

alerts-none = Keine Benachrichtigung ist fehlgeschlagen.
alerts-failed = Die Benachrichtigung vom { $date } konnte nicht zugestellt werden: { $reason }
alerts-delivery = der Mailserver hat sie nicht angenommen
alerts-recipients = die Empfänger lassen sich nicht ermitteln
alerts-no_recipients = es gibt keine Empfänger; hinterlegen Sie für einen Administrator eine E-Mail-Adresse
alerts-store = der Speicher antwortet nicht
alerts-broken_off = der Versand wurde abgebrochen und wird erneut versucht

countdown = noch { $time }

denied-expired = Lizenz abgelaufen
denied-feature = { $feature } ist in dieser Lizenz nicht enthalten
denied-limit = { $limit }: { $used } belegt, { $max } erlaubt
denied-way-back = Zurück
denied-license = Lizenz ansehen

banner-dismiss = Ausblenden
banner-label = Hinweis zur Lizenz

## Mails

mail-alert-subject = { $product }: Die Lizenz endet am { $date } ({ $left })
mail-alert-opening = Die Lizenz für { $product } ({ $id }) endet am { $date }: { $left }.
mail-alert-happens = Was geschieht
mail-alert-from = Ab dem { $date }: { $effect }
mail-alert-do = Was zu tun ist
mail-alert-remedy = Bitten Sie Ihren Anbieter um eine erneuerte Lizenz und installieren Sie sie vor diesem Tag. Ein Administrator lädt sie hoch, oder sie tritt an die Stelle der Lizenzdatei; sie ist ohne Neustart sofort in Kraft oder sobald ihre Laufzeit beginnt.
mail-alert-once = Sobald eine erneuerte Lizenz installiert ist oder eine wartet, die rechtzeitig beginnt und später endet, hören diese Nachrichten auf.
