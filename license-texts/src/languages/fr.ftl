### French. The keys of en.ftl, in its order. No-break spaces before : and ;

language-name = Français

## Dates. $day is a number without a leading zero, $month 1 to 12.

month = { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
}
date = { $day ->
    [1] 1er { $month } { $year }
   *[other] { $day } { $month } { $year }
}
date-time = { $date }, { $time } { $zone }

## Numbers of things

days = { $count ->
    [one] { $count } jour
   *[other] { $count } jours
}
days-left = { $count ->
    [0] il ne reste aucun jour
    [one] il reste { $count } jour
   *[other] il reste { $count } jours
}

## Where a license stands: the heading of the status page

phase-unlicensed = Aucune licence
phase-scheduled = La licence n’a pas encore commencé
phase-active = La licence est en vigueur
phase-expiring = La licence se termine bientôt
phase-grace = La licence a pris fin : délai de grâce
phase-lapsed = Licence expirée
phase-invalid = La licence ne peut pas être utilisée

summary-unlicensed = Installez une licence pour commencer.
summary-scheduled = Elle commence le { $date }.
summary-active = Valable jusqu’au { $date } inclus : { $left }.
summary-expiring = Valable jusqu’au { $date } inclus : { $left }. Renouvelez-la avant cette échéance.
summary-grace = Elle a pris fin le { $date }. Tout continue de fonctionner jusqu’au { $grace } inclus.
summary-lapsed = Elle a pris fin le { $date }. Installez une licence renouvelée.
summary-invalid = La licence installée n’est pas en vigueur.

## Warnings: what administrators should know

warning-license_expiring = La licence se termine le { $date } : { $left }.
warning-license_in_grace = La licence a pris fin le { $date }. Le délai de grâce se termine le { $grace }.
warning-license_expired = La licence a pris fin le { $date }.
warning-license_expired_grace = La licence a pris fin le { $date }. Le délai de grâce s’est terminé le { $grace }.
warning-limit_reached = Limite de la licence atteinte : { $limit }.
warning-license_gap = La licence en attente commence après une interruption de { $left } : aucune licence n’est en vigueur du { $from } au { $until }.
warning-license_gap_new = Cette licence commence après une interruption de { $left } : aucune licence n’est en vigueur du { $from } au { $until }.
warning-license_ends_earlier = La licence en attente se termine le { $date }, soit { $left } avant celle qui est en vigueur ({ $before }).
warning-license_ends_earlier_new = Cette licence se termine le { $date }, soit { $left } avant celle qui est en vigueur ({ $before }).
warning-license_ends_earlier_together = La licence en attente se termine en même temps que celle qui est en vigueur, le { $date }.
warning-license_ends_earlier_together_new = Cette licence se termine en même temps que celle qui est en vigueur, le { $date }.
warning-clock_ahead = L’horloge système retarde de plus d’une heure sur l’heure la plus avancée que ce service ait constatée. Vérifiez l’horloge système.
warning-clock_skewed = { $minutes ->
    [one] L’horloge de cette machine s’écarte de { $minutes } minute de celle de la base de données. Réglez-la : c’est d’après elle que les licences sont évaluées ici.
   *[other] L’horloge de cette machine s’écarte de { $minutes } minutes de celle de la base de données. Réglez-la : c’est d’après elle que les licences sont évaluées ici.
}
warning-machine_changed = L’identité de cette machine a changé : la licence est émise pour { $old }, et cette machine est désormais { $new }. La licence reste en vigueur jusqu’au { $until }. Téléchargez les informations machine, envoyez-les à l’éditeur et installez la licence émise en conséquence.
warning-machine_changed_over = L’identité de cette machine a changé : la licence est émise pour { $old }, et cette machine est désormais { $new }. La licence n’est pas en vigueur ici. Téléchargez les informations machine, envoyez-les à l’éditeur et installez la licence émise en conséquence.
warning-store_unavailable_unwritable = L’état de la licence ne peut pas être enregistré. Le service continue ; vérifiez le disque ou la base de données.
warning-store_unavailable_unreadable = Le stockage de la licence ne peut pas être lu. Le service continue ; vérifiez le disque ou la base de données.
warning-store_unavailable_replaced = Le stockage de la licence a été modifié, remplacé ou supprimé pendant que le service fonctionne, et plus rien n’y est écrit. Le service continue ; redémarrez-le.
warning-source_failed = { $source } ne fournit aucune licence. Ce qui était en vigueur le reste.
warning-source_hidden = { $source } fait foi et masque ce qui est également défini : { $hidden }.
warning-source_older = { $source } contient une licence émise avant celle que cette installation a acceptée. Elle n’est pas utilisée ; placez-y la licence la plus récente.
warning-source_overrides = { $source } fait foi, mais sa licence a été émise avant une autre qui a été installée. Placez-y la licence la plus récente.
warning-source_mounted_alone = { $source } est monté comme fichier isolé ; une licence qui le remplace à l’extérieur n’est donc pas vue ici. Montez plutôt son répertoire.
warning-source_decides = { $source } fait foi : ce qui est installé ici est remplacé par la licence qui s’y trouve.
warning-source_replaced = Le fichier de licence { $source } est également remplacé.
warning-domain_mismatch = Vous utilisez ce service sous le nom { $host }, que la licence pour { $domain } ne couvre pas. Un proxy en amont a peut-être remplacé le nom d’hôte : faites-lui transmettre ce que le client a envoyé, ou déclarez-le comme proxy de confiance.
warning-installed = Cette licence est déjà installée.
warning-waits = La licence attend jusqu’au { $date }, puis entre en vigueur.
warning-replaces_waiting = Elle remplace la licence actuellement en attente.
warning-allows_less = La licence autorise moins que celle qui est en vigueur.
warning-limit_exceeded = { $limit } : { $used } en cours d’utilisation, maximum { $max }. Personne n’est retiré ; personne ne peut être ajouté.
warning-locks_out_host = L’hôte utilisé, { $host }, n’aurait plus accès : la licence est pour { $domain }.
warning-other_customer = La licence a été émise pour un autre client.
warning-other_domain = La licence est liée à un autre domaine : { $domain }.
warning-other_domain_bound = La licence est désormais liée à un domaine : { $domain }.
warning-other_machine = La licence est liée à une autre machine.
warning-other_machine_bound = La licence est désormais liée à une seule machine.
warning-days_given_away = { $count ->
    [one] { $count } jour payé est perdu : la licence en vigueur court jusqu’au { $date }, et la durée de la nouvelle est comptée à partir du { $from }.
   *[other] { $count } jours payés sont perdus : la licence en vigueur court jusqu’au { $date }, et la durée de la nouvelle est comptée à partir du { $from }.
}

## Gained and lost by another license

change-feature = { $title }
change-limit = { $limit } : { $before } → { $after }
change-limit_used = { $limit } : { $used } en cours d’utilisation, autorisé : { $after }
change-name = { $limit } : { $name }
change-plan = Offre : { $plan }
change-end = Se termine le { $date } au lieu du { $before }
change-domain = Domaine : { $domain }
change-domain_freed = Domaine : n’importe lequel (auparavant { $domain })
change-domain_bound = Domaine : { $domain } (auparavant n’importe lequel)
change-machine = Machine : { $machine }
change-machine_freed = Machine : n’importe laquelle (auparavant { $machine })
change-machine_bound = Machine : { $machine } (auparavant n’importe laquelle)
unlimited = illimité

## What a period means for the people who use the service

effect-active = Tout ce que la licence accorde fonctionne.
effect-expiring = Tout fonctionne ; les administrateurs sont avertis que la licence se termine.
effect-grace = La licence a pris fin ; tout fonctionne pendant le délai de grâce, avec des avertissements.
effect-advisory = La licence a pris fin ; tout fonctionne, avec des avertissements.
effect-advisory_invalid = La licence n’est pas en vigueur ; tout fonctionne, avec des avertissements.
effect-features = Les fonctionnalités sous licence sont refusées ; tout le reste continue.
effect-read_only = Les modifications sont refusées ; la lecture reste possible.
effect-everything = Le service est refusé jusqu’à ce qu’il dispose de nouveau d’une licence.
effect-takes_over = La licence en attente entre en vigueur. { $effect }
effect-answer = La réponse est { $status } ({ $code }).

## Denials: why a request is refused. $delivery says how a new license gets here.

denial-license_missing = Aucune licence n’est installée
    .detail = Aucune licence n’est installée sur ce service.
    .remedy = { $delivery ->
        [file] Un administrateur peut placer une licence là où le service cherche son fichier de licence.
        [start] Un administrateur peut redémarrer le service avec une licence.
       *[upload] Un administrateur peut installer une licence.
    }
denial-license_expired = La licence a expiré
    .detail = La licence de ce service a expiré.
    .remedy = { $delivery ->
        [file] Un administrateur peut remplacer le fichier de licence par une licence renouvelée.
        [start] Un administrateur peut redémarrer le service avec une licence renouvelée.
       *[upload] Un administrateur peut installer une licence renouvelée.
    }
denial-license_not_yet_valid = La licence n’est pas encore valable
    .detail = La licence de ce service commence plus tard.
    .remedy = Attendez que la licence commence, ou installez-en une qui soit valable dès maintenant.
denial-license_invalid = La licence installée n’est pas valable
    .detail = La licence installée n’a pas pu être vérifiée.
    .remedy = Un administrateur peut installer une licence telle que l’éditeur l’a émise.
denial-state_corrupt = L’état de la licence était illisible
    .detail = L’état enregistré de la licence était illisible et a été mis de côté.
    .remedy = Un administrateur peut installer une licence telle que l’éditeur l’a émise.
denial-machine_mismatch = Licence émise pour une autre machine
    .detail = La licence est liée à une autre machine, ou l’identité de la machine a changé.
    .remedy = Un administrateur peut télécharger les informations machine, les envoyer à l’éditeur et installer la licence émise en conséquence.
denial-fingerprint_unavailable = L’identité de cette machine ne peut pas être lue
    .detail = La licence est liée à une machine, et l’identité de cette machine ne peut pas être lue.
    .remedy = Faites en sorte que le service puisse lire l’identifiant de la machine (Linux : /etc/machine-id).
denial-clock_rolled_back = L’horloge système a été reculée
    .detail = L’horloge système a été reculée de plus d’un jour.
    .remedy = Mettez l’horloge système à l’heure. Si elle a avancé à un moment donné, un administrateur peut télécharger les informations machine, les envoyer à l’éditeur et installer une licence qui réinitialise le repère d’horloge.
denial-clock_not_set = L’horloge système n’est pas réglée
    .detail = L’horloge système indique une heure impossible.
    .remedy = Mettez l’horloge système à l’heure.
denial-feature_lapsed = La licence de cette fonctionnalité a expiré
    .detail = La licence qui accorde cette fonctionnalité a expiré.
    .remedy = { $delivery ->
        [file] Un administrateur peut remplacer le fichier de licence par une licence renouvelée.
        [start] Un administrateur peut redémarrer le service avec une licence renouvelée.
       *[upload] Un administrateur peut installer une licence renouvelée.
    }
denial-feature_not_licensed = Fonctionnalité non comprise dans la licence
    .detail = La licence de ce service ne comprend pas cette fonctionnalité.
    .remedy = Demandez à l’éditeur une licence qui comprend cette fonctionnalité.
denial-read_only = Lecture seule jusqu’au renouvellement de la licence
    .detail = La licence a expiré : la lecture reste possible, les modifications sont refusées.
    .remedy = { $delivery ->
        [file] Un administrateur peut remplacer le fichier de licence par une licence renouvelée.
        [start] Un administrateur peut redémarrer le service avec une licence renouvelée.
       *[upload] Un administrateur peut installer une licence renouvelée.
    }
denial-read_only_unlicensed = Lecture seule jusqu’à ce qu’une licence soit en vigueur
    .detail = { $cause } La lecture reste possible, les modifications sont refusées.
denial-domain_mismatch = La licence ne correspond pas à ce domaine
    .detail = Ce nom d’hôte n’est pas couvert par la licence.
    .remedy = Utilisez un nom d’hôte couvert par la licence, ou demandez à l’éditeur une licence pour celui-ci.
denial-host_invalid = Hôte absent ou mal formé
    .detail = La requête doit indiquer exactement un hôte bien formé ; la licence est liée à un domaine.
    .remedy = Envoyez exactement un en-tête Host avec un nom d’hôte ; un proxy de confiance doit envoyer celui qui indique l’hôte (par exemple X-Forwarded-Host).
denial-limit_reached = Limite de la licence atteinte
    .detail = La licence n’en autorise pas davantage.
    .remedy = Libérez-en, ou demandez à l’éditeur une licence plus étendue.
denial-concurrent_host_limit_reached = Limite d’hôtes simultanés atteinte
    .detail = Le nombre d’hôtes connectés est celui que la licence autorise au maximum.
    .remedy = Déconnectez un hôte, ou demandez à l’éditeur une licence plus étendue.
denial-store_unavailable = Le stockage de la licence n’est pas disponible
    .detail = Le stockage de la licence est actuellement injoignable.
    .remedy = Réessayez dans un instant.

## Why a license was not installed

install-token_too_large = Le fichier de licence est trop volumineux
    .advice = Une licence fait au plus 16 Kio. Téléversez le fichier de licence exactement tel que vous l’avez reçu.
install-token_malformed = Ce n’est pas un fichier de licence
    .advice = Téléversez le fichier de licence exactement tel que vous l’avez reçu.
install-not_previewed = Ce n’est pas la licence de l’aperçu
    .advice = Affichez de nouveau l’aperçu pour celle-ci, puis confirmez.
install-key_unknown = Signée avec une clé inconnue
    .advice = Demandez à l’éditeur si la licence est destinée à cette version du produit.
install-algorithm_not_allowed = Algorithme de signature non autorisé
    .advice = Demandez à l’éditeur d’émettre de nouveau la licence pour ce produit.
install-signature_invalid = La vérification de la signature de la licence a échoué
    .advice = Le fichier est peut-être endommagé, ou n’a pas été émis par cet éditeur. Demandez à l’éditeur une nouvelle copie.
install-claims_invalid = La licence est incomplète ou incohérente
    .advice = Demandez à l’éditeur d’émettre de nouveau la licence.
install-issuer_mismatch = Émise par un autre éditeur
    .advice = Téléversez la licence de ce produit.
install-audience_mismatch = Émise pour un autre produit
    .advice = Téléversez la licence de ce produit.
install-domain_invalid = Le domaine de la licence n’est pas un modèle valable
    .advice = Demandez à l’éditeur d’émettre de nouveau la licence.
install-machine_mismatch = Licence émise pour une autre machine
    .advice = Téléchargez les informations machine, envoyez-les à l’éditeur et téléversez la licence émise en conséquence.
install-fingerprint_unavailable = L’identité de cette machine ne peut pas être lue
    .advice = Faites en sorte que le service puisse lire l’identifiant de la machine (Linux : /etc/machine-id), puis réessayez.
install-license_expired = La licence a expiré
    .advice = Demandez à l’éditeur une licence renouvelée.
install-issued_in_future = La date d’émission de la licence est dans le futur
    .advice = Vérifiez l’horloge système de cette machine. Si elle est à l’heure, demandez à l’éditeur d’émettre de nouveau la licence.
install-license_not_fresh = La licence a été émise il y a trop longtemps
    .advice = Demandez à l’éditeur d’émettre de nouveau la licence.
install-clock_rolled_back = L’horloge système a été reculée
    .advice = Mettez l’horloge système à l’heure. Si elle a avancé à un moment donné, téléchargez les informations machine et envoyez-les à l’éditeur.
install-clock_not_set = L’horloge système n’est pas réglée
    .advice = Mettez l’horloge système à l’heure, puis réessayez.
install-domain_mismatch = La licence ne correspond pas à ce domaine
    .advice = La licence bloquerait le nom d’hôte sous lequel vous utilisez ce service. Demandez à l’éditeur une licence pour ce nom, ou utilisez le service sous un nom couvert par la licence.
install-older_than_installed = Une licence plus ancienne ne peut pas en remplacer une plus récente
    .advice = Téléversez la licence la plus récente que vous avez reçue.
install-store_unavailable = La licence n’a pas pu être enregistrée
    .advice = Rien n’a été modifié. Réessayez dans un instant.
install-license_file_read_only = Le fichier de licence ne peut pas être remplacé
    .advice = Le fichier de licence fait foi, et le service ne peut pas l’écrire. Rien n’a été modifié. Remplacez le fichier à sa source.
install-internal_error = Erreur interne
    .advice = Rien n’a été modifié. Le journal du service contient les détails.

## Errors of the upload form and of other pages

upload-empty = Choisissez un fichier ou collez la licence
    .advice = Rien n’a été envoyé. Choisissez le fichier que vous avez reçu, ou collez son texte.
upload-both = Un fichier et un texte ont été envoyés
    .advice = Envoyez l’un des deux : le fichier, ou le texte collé.
upload-unsupported_media_type = Ce formulaire ne peut pas être lu
    .advice = Envoyez-le de nouveau depuis la page de la licence.
upload-uploads_off = L’envoi est désactivé ici
    .advice = La licence provient d’ailleurs ; la page indique d’où.
upload-request_timeout = Le téléversement a pris trop de temps
    .advice = Réessayez.
upload-too_many_attempts = Trop de téléversements refusés
    .advice = Attendez une minute, puis téléversez le bon fichier.
upload-cross_site_request = La requête provenait d’un autre site
    .advice = Utilisez les pages de ce service.
upload-unauthenticated = Connectez-vous d’abord
    .advice = Seul un administrateur peut effectuer cette opération. Connectez-vous, puis réessayez.
upload-forbidden = Opération réservée aux administrateurs
    .advice = Connectez-vous en tant qu’administrateur.
upload-not_found = Il n’y a rien à cette adresse
    .advice = Revenez à la page de la licence.

## The pages

title = { $product } · { $page }
page-license = Licence
page-preview = Vérifier la nouvelle licence
page-upload = Téléverser une licence
page-history = Historique
page-denied = Refusé
skip = Aller au contenu
back = Retour à la licence
home = Accueil
sign-in = Se connecter
sign-out = Se déconnecter
sign-in-hint = Vous êtes administrateur ? Connectez-vous pour consulter et renouveler la licence.
language = Langue
code = Code
details = Détails
details-english = Détails (en anglais)
copy = Copier
copied = Copié
close = Fermer

whom-to-ask = À qui s’adresser
ask-administrator = Adressez-vous à un administrateur de ce service et communiquez-lui le code { $code }.
ask-administrator-plain = Adressez-vous à un administrateur de ce service.
ask-vendor = Écrire à { $vendor }
ask-vendor-hint = La licence est fournie par { $vendor }.
renew = Renouveler en ligne
mail-subject = { $product } : licence { $id } ({ $code })
mail-body =
    Bonjour,

    notre licence pour { $product } demande une intervention.

    Licence : { $id }
    Code : { $code }
    Date : { $date }

section-license = Licence
section-limits = Limites
section-features = Fonctionnalités
section-timeline = Calendrier des changements
section-machine = Machine
section-upload = Installer une licence
section-history = Historique
section-alerts = Alertes par e-mail
section-next = La licence en attente
section-warnings = À savoir

field-id = Identifiant de licence
field-customer = Client
field-plan = Offre
field-issued = Émise le
field-begins = Début
field-ends = Dernier jour
field-grace = Délai de grâce jusqu’au
field-days = Jours restants
field-domain = Domaine
field-machine = Machine
field-any = sans restriction
field-file-digest = Condensat

limits-none = La licence ne comporte aucune limite.
limits-used = { $used } sur { $max }
limits-used-unlimited = { $used }, illimité
limits-max = au plus { $max }
limits-exceeded = { $used } en cours d’utilisation, maximum { $max } : personne n’est retiré, personne ne peut être ajouté.
limits-names = Autorisé : { $names }
limits-names-none = rien d’autorisé
forecast-full = À ce rythme, limite atteinte le { $date }.
forecast-month = À ce rythme, limite atteinte le { $date } ; le décompte repart de zéro le { $until }.

features-none = La licence n’accorde aucune fonctionnalité.
feature-granted = comprise
feature-missing = non comprise

timeline-title = La durée de la licence
timeline-description = Du { $from } au { $until }. Nous sommes le { $today }.
timeline-now = Sans cette licence
timeline-then = Avec cette licence
timeline-today = Aujourd’hui
timeline-warning = Début des avertissements
timeline-end = La licence se termine
timeline-grace = Le délai de grâce se termine
timeline-next = La licence suivante commence
timeline-from = À partir du
timeline-phase = État
timeline-effect = Ce que cela signifie
timeline-answer = Réponse
timeline-nothing = Rien ne change.
timeline-answers = Les requêtes reçoivent la réponse { $status } ({ $code }).
timeline-served = Les requêtes sont traitées.
state-unlicensed = Aucune licence
state-scheduled = Pas encore commencée
state-active = En vigueur
state-expiring = Se termine bientôt
state-grace = Délai de grâce
state-lapsed = Expirée
state-invalid = Pas en vigueur

machine-fingerprint = Empreinte de cette machine
machine-unknown = L’identité de cette machine ne peut pas être lue.
machine-download = Télécharger les informations machine
machine-hint = L’éditeur a besoin de ce fichier pour lier une licence à cette machine, ou pour corriger les suites d’une horloge qui a avancé à un moment donné.

upload-hint = Choisissez le fichier de licence que vous avez reçu, ou collez son texte. Vous voyez ce qui changerait avant que quoi que ce soit ne change.
upload-elsewhere = La licence provient de { $source }. Pour la renouveler, remplacez-la à cet endroit par la licence que vous avez reçue ; elle prend effet en quelques secondes, sans redémarrage.
upload-elsewhere-start = La licence est fournie au service dans { $source } au démarrage. Pour la renouveler, placez-y la licence que vous avez reçue, puis redémarrez le service.
upload-drop = Déposez ici le fichier de licence, ou collez son texte n’importe où sur cette page.
upload-file = Fichier de licence
upload-text = ou son texte
upload-review = Vérifier

preview-from = prend effet immédiatement
preview-waits = entre en vigueur le { $date }
preview-gained = Ajouts
preview-lost = Pertes
preview-nothing-gained = Rien n’est ajouté.
preview-nothing-lost = Rien n’est perdu.
preview-unchanged = Cette licence est déjà installée. Rien ne change.
preview-warnings = Avant l’installation
preview-install = Installer cette licence
preview-cancel = Annuler
preview-now = Actuellement
preview-new = Nouveau
preview-fact = Élément
preview-host = J’utilise ce service sous un nom d’hôte que la licence ne couvre pas. Installer malgré tout.

installed-done = Licence installée : { $id }.
installed-waits = Licence acceptée : { $id } entre en vigueur dès qu’elle commence.
installed-unchanged = Cette licence était déjà installée : { $id }.

installed-overruled = Acceptée, mais une autre source de la licence l’emporte : { $id } est en vigueur.
history-when = Quand
history-who = Qui
history-from = D’où
history-license = Licence
history-outcome = Quoi
history-older = Entrées plus anciennes
history-newest = Entrées les plus récentes
history-empty = Il ne s’est encore rien passé.
outcome-installed = Installée
outcome-scheduled = Acceptée ; en attente de son début
outcome-unchanged = Était déjà installée
outcome-took_over = Entrée en vigueur
outcome-expired = Terminée
outcome-removed = Retirée
outcome-refused = Refusée : { $reason }

alerts-none = Aucune alerte n’a échoué.
alerts-failed = L’alerte du { $date } n’a pas pu être remise : { $reason }
alerts-delivery = le serveur de messagerie ne l’a pas acceptée
alerts-recipients = il est impossible de déterminer les destinataires
alerts-no_recipients = il n’y a aucun destinataire ; attribuez une adresse e-mail à un administrateur
alerts-store = le stockage ne répond pas
alerts-broken_off = l’envoi a été interrompu et sera tenté de nouveau

countdown = encore { $time }

denied-expired = Licence expirée
denied-feature = { $feature } ne fait pas partie de cette licence
denied-limit = { $limit } : { $used } en cours d’utilisation, maximum { $max }
denied-way-back = Retour
denied-license = Voir la licence

banner-dismiss = Masquer
banner-label = Avis concernant la licence

## Mails

mail-alert-subject = { $product } : la licence se termine le { $date } ({ $left })
mail-alert-opening = La licence pour { $product } ({ $id }) se termine le { $date } : { $left }.
mail-alert-happens = Ce qui se passe
mail-alert-from = À partir du { $date } : { $effect }
mail-alert-do = Ce qu’il faut faire
mail-alert-remedy = Demandez à votre éditeur une licence renouvelée et installez-la avant ce jour. Un administrateur la téléverse, ou elle prend la place du fichier de licence ; elle est en vigueur immédiatement, ou dès qu’elle commence, sans redémarrage.
mail-alert-once = Dès qu’une licence renouvelée est installée, ou qu’une licence en attente commence à temps et se termine plus tard, ces messages cessent.
