### What is said to people about a license. A message is looked up by its key;
### what stands in braces with a dollar sign is filled in. Every language has
### every key: a test holds them together. A product overrides single messages
### in its profile, `[pages.texts.en]`.

language-name = English

## Dates. $day is a number without a leading zero, $month 1 to 12.

month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
date = { $day } { $month } { $year }
date-time = { $date }, { $time } { $zone }

## Numbers of things

days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
days-left = { $count ->
    [0] no days left
    [one] { $count } day left
   *[other] { $count } days left
}

## Where a license stands: the heading of the status page

phase-unlicensed = No license
phase-scheduled = The license has not begun yet
phase-active = The license is active
phase-expiring = The license ends soon
phase-grace = The license has ended: grace period
phase-lapsed = License expired
phase-invalid = The license cannot be used

summary-unlicensed = Install a license to begin.
summary-scheduled = It begins on { $date }.
summary-active = Valid up to and including { $date }: { $left }.
summary-expiring = Valid up to and including { $date }: { $left }. Renew it before then.
summary-grace = It ended on { $date }. Everything goes on working up to and including { $grace }.
summary-lapsed = It ended on { $date }. Install a renewed license.
summary-invalid = What is installed is not in force.

## Warnings: what administrators should know

warning-license_expiring = The license ends on { $date }: { $left }.
warning-license_in_grace = The license ended on { $date }. The grace period ends on { $grace }.
warning-license_expired = The license ended on { $date }.
warning-license_expired_grace = The license ended on { $date }. The grace period ended on { $grace }.
warning-limit_reached = License limit used up: { $limit }.
warning-license_gap = The license that waits begins after a gap of { $left }: none is in force from { $from } to { $until }.
warning-license_gap_new = This license begins after a gap of { $left }: none is in force from { $from } to { $until }.
warning-license_ends_earlier = The license that waits ends on { $date }, { $left } earlier than the one in force ({ $before }).
warning-license_ends_earlier_new = This license ends on { $date }, { $left } earlier than the one in force ({ $before }).
warning-license_ends_earlier_together = The license that waits ends when the one in force does, on { $date }.
warning-license_ends_earlier_together_new = This license ends when the one in force does, on { $date }.
warning-clock_ahead = The system clock is behind the latest time this service has seen by more than an hour. Check the system clock.
warning-clock_skewed = { $minutes ->
    [one] This machine’s clock is { $minutes } minute off the database’s. Set it right: licenses are judged by it here.
   *[other] This machine’s clock is { $minutes } minutes off the database’s. Set it right: licenses are judged by it here.
}
warning-machine_changed = The identity of this machine has changed: the license is for { $old }, and this machine is { $new } now. The license goes on until { $until }. Download machine info, send it to the vendor, and install the license issued for it.
warning-machine_changed_over = The identity of this machine has changed: the license is for { $old }, and this machine is { $new } now. The license is not in force here. Download machine info, send it to the vendor, and install the license issued for it.
warning-store_unavailable_unwritable = The license state cannot be saved. The service goes on; check the disk or the database.
warning-store_unavailable_unreadable = The license store cannot be read. The service goes on; check the disk or the database.
warning-store_unavailable_replaced = The license store was changed, replaced or deleted while the service runs, and nothing more is written to it. The service goes on; start it again.
warning-source_failed = No license from { $source }. What was in force stays in force.
warning-source_hidden = { $source } decides and hides { $hidden }, which is set as well.
warning-source_older = { $source } holds a license that was issued before the one that this installation has accepted. It is not used; put the newest license there.
warning-source_overrides = { $source } decides, and its license was issued before another that was installed. Put the newest license there.
warning-source_mounted_alone = { $source } is mounted as a single file, so that a license that replaces it outside is not seen here. Mount its directory instead.
warning-source_decides = { $source } decides: what is installed here is replaced by the license there.
warning-source_replaced = The license file { $source } is replaced as well.
warning-domain_mismatch = You use this service as { $host }, which the license for { $domain } does not cover. A proxy in front may have replaced the host name: have it pass on what the client sent, or name it as a trusted proxy.
warning-installed = This license is installed already.
warning-waits = The license waits until { $date } and then takes over.
warning-replaces_waiting = It replaces the license that waits now.
warning-allows_less = The license allows less than the one in force.
warning-limit_exceeded = { $limit }: { $used } in use, { $max } allowed. Nobody is removed; nobody can be added.
warning-locks_out_host = This would lock out the host in use, { $host }: the license is for { $domain }.
warning-other_customer = The license was issued to another customer.
warning-other_domain = The license is bound to another domain: { $domain }.
warning-other_domain_bound = The license is bound to a domain now: { $domain }.
warning-other_machine = The license is bound to another machine.
warning-other_machine_bound = The license is bound to one machine now.
warning-days_given_away = { $count ->
    [one] { $count } paid day is given away: the license in force runs until { $date }, and the time of the new one counts from { $from } on.
   *[other] { $count } paid days are given away: the license in force runs until { $date }, and the time of the new one counts from { $from } on.
}

## Gained and lost by another license

change-feature = { $title }
change-limit = { $limit }: { $before } → { $after }
change-limit_used = { $limit }: { $used } in use, { $after } allowed
change-name = { $limit }: { $name }
change-plan = Plan: { $plan }
change-end = Ends on { $date } instead of { $before }
change-domain = Domain: { $domain }
change-domain_freed = Domain: any instead of { $domain }
change-domain_bound = Domain: { $domain } instead of any
change-machine = Machine: { $machine }
change-machine_freed = Machine: any instead of { $machine }
change-machine_bound = Machine: { $machine } instead of any
unlimited = unlimited

## What a period means for the people who use the service

effect-active = Everything the license grants works.
effect-expiring = Everything works; administrators are warned that the license ends.
effect-grace = The license has ended; everything works in grace, with warnings.
effect-advisory = The license has ended; everything works, with warnings.
effect-advisory_invalid = The license is not in force; everything works, with warnings.
effect-features = Licensed features are refused; all else goes on.
effect-read_only = Changes are refused; reading goes on.
effect-everything = The service is refused until it has a license again.
effect-takes_over = The waiting license takes over. { $effect }
effect-answer = Answered with { $status } ({ $code }).

## Denials: why a request is refused. $delivery says how a new license gets here.

denial-license_missing = No license is installed
    .detail = No license is installed on this service.
    .remedy = { $delivery ->
        [file] An administrator can put a license where the service looks for its license file.
        [start] An administrator can start the service again with a license.
       *[upload] An administrator can install a license.
    }
denial-license_expired = The license has expired
    .detail = The license of this service has expired.
    .remedy = { $delivery ->
        [file] An administrator can replace the license file with a renewed license.
        [start] An administrator can start the service again with a renewed license.
       *[upload] An administrator can install a renewed license.
    }
denial-license_not_yet_valid = The license is not valid yet
    .detail = The license of this service begins later.
    .remedy = Wait until the license begins, or install one that is valid now.
denial-license_invalid = The installed license is not valid
    .detail = The installed license could not be verified.
    .remedy = An administrator can install a license as the vendor issued it.
denial-state_corrupt = The license state was unreadable
    .detail = The stored license state was unreadable and has been kept aside.
    .remedy = An administrator can install a license as the vendor issued it.
denial-machine_mismatch = Licensed for another machine
    .detail = The license is bound to another machine, or the machine identity changed.
    .remedy = An administrator can download machine info, send it to the vendor and install the license issued for it.
denial-fingerprint_unavailable = This machine’s identity cannot be read
    .detail = The license is bound to a machine, and this machine’s identity cannot be read.
    .remedy = Make the machine id readable to the service (Linux: /etc/machine-id).
denial-clock_rolled_back = The system clock was moved back
    .detail = The system clock was moved back by more than a day.
    .remedy = Set the system clock to the correct time. If it once ran ahead, an administrator can download machine info, send it to the vendor and install a license that resets the clock mark.
denial-clock_not_set = The system clock is not set
    .detail = The system clock shows a time that cannot be.
    .remedy = Set the system clock to the correct time.
denial-feature_lapsed = The license for this feature has lapsed
    .detail = The license that grants this feature has lapsed.
    .remedy = { $delivery ->
        [file] An administrator can replace the license file with a renewed license.
        [start] An administrator can start the service again with a renewed license.
       *[upload] An administrator can install a renewed license.
    }
denial-feature_not_licensed = Feature not licensed
    .detail = The license of this service does not include this feature.
    .remedy = Ask the vendor for a license that includes the feature.
denial-read_only = Read-only until the license is renewed
    .detail = The license has lapsed: reading goes on, changes are refused.
    .remedy = { $delivery ->
        [file] An administrator can replace the license file with a renewed license.
        [start] An administrator can start the service again with a renewed license.
       *[upload] An administrator can install a renewed license.
    }
denial-read_only_unlicensed = Read-only until a license is in force
    .detail = { $cause } Reading goes on, changes are refused.
denial-domain_mismatch = License domain mismatch
    .detail = This host name is not covered by the license.
    .remedy = Use a licensed host name, or ask the vendor for a license for this one.
denial-host_invalid = Host missing or malformed
    .detail = The request must name exactly one well-formed host; the license binds a domain.
    .remedy = Send exactly one Host header with a host name; a trusted proxy has to send the one that names the host (such as X-Forwarded-Host).
denial-limit_reached = License limit reached
    .detail = The license allows no more of these.
    .remedy = Free some, or ask the vendor for a larger license.
denial-concurrent_host_limit_reached = Concurrent host limit reached
    .detail = As many hosts as the license allows are connected.
    .remedy = Disconnect a host, or ask the vendor for a larger license.
denial-store_unavailable = The license store is not available
    .detail = The license store cannot be reached right now.
    .remedy = Try again shortly.

## Why a license was not installed

install-token_too_large = The license file is too large
    .advice = A license is at most 16 KiB. Upload the license file exactly as it was delivered.
install-token_malformed = Not a license file
    .advice = Upload the license file exactly as it was delivered.
install-not_previewed = Not the license that was previewed
    .advice = Preview this one again, and then confirm.
install-key_unknown = Signed with an unknown key
    .advice = Ask the vendor whether the license is for this version of the product.
install-algorithm_not_allowed = Signature algorithm not allowed
    .advice = Ask the vendor to issue the license again for this product.
install-signature_invalid = License signature verification failed
    .advice = The file may be damaged, or was not issued by this vendor. Ask the vendor for a new copy.
install-claims_invalid = The license is incomplete or inconsistent
    .advice = Ask the vendor to issue the license again.
install-issuer_mismatch = Issued by another vendor
    .advice = Upload the license of this product.
install-audience_mismatch = Issued for another product
    .advice = Upload the license of this product.
install-domain_invalid = The licensed domain is not a valid pattern
    .advice = Ask the vendor to issue the license again.
install-machine_mismatch = Licensed for another machine
    .advice = Download machine info, send it to the vendor and upload the license issued for it.
install-fingerprint_unavailable = This machine’s identity cannot be read
    .advice = Make the machine id readable to the service (Linux: /etc/machine-id), and try again.
install-license_expired = The license has expired
    .advice = Ask the vendor for a renewed license.
install-issued_in_future = The license is dated in the future
    .advice = Check the system clock of this machine. If it is right, ask the vendor to issue the license again.
install-license_not_fresh = The license was issued too long ago
    .advice = Ask the vendor to issue the license again.
install-clock_rolled_back = The system clock was moved back
    .advice = Set the system clock to the correct time. If it once ran ahead, download machine info and send it to the vendor.
install-clock_not_set = The system clock is not set
    .advice = Set the system clock to the correct time, and try again.
install-domain_mismatch = License domain mismatch
    .advice = The license would lock out the host name by which you use this service. Ask the vendor for a license for this name, or use the service by a licensed one.
install-older_than_installed = An older license cannot replace a newer one
    .advice = Upload the newest license that you were sent.
install-store_unavailable = The license could not be stored
    .advice = Nothing was changed. Try again shortly.
install-license_file_read_only = The license file cannot be replaced
    .advice = The license file decides, and the service cannot write it. Nothing was changed. Replace the file where it comes from.
install-internal_error = Internal error
    .advice = Nothing was changed. The log of the service has the details.

## Errors of the upload form and of other pages

upload-empty = Choose a file or paste the license
    .advice = Nothing was sent. Choose the file that you were sent, or paste its text.
upload-both = A file and a text were sent
    .advice = Send one of them: the file, or the pasted text.
upload-unsupported_media_type = This form cannot be read
    .advice = Send it again from the license page.
upload-uploads_off = Uploads are switched off here
    .advice = The license comes from elsewhere; the page says from where.
upload-request_timeout = The upload took too long
    .advice = Try again.
upload-too_many_attempts = Too many refused uploads
    .advice = Wait a minute, then upload the right file.
upload-cross_site_request = The request came from another site
    .advice = Use the pages of this service.
upload-unauthenticated = Sign in first
    .advice = Only an administrator can do this. Sign in, and try again.
upload-forbidden = Only administrators may do this
    .advice = Sign in as an administrator.
upload-not_found = There is nothing at this address
    .advice = Go back to the license page.

## The pages

title = { $product } · { $page }
page-license = License
page-preview = Review the new license
page-upload = Upload a license
page-history = History
page-denied = Refused
skip = Skip to the content
back = Back to the license
home = Home
sign-in = Sign in
sign-out = Sign out
sign-in-hint = Are you an administrator? Sign in to see and renew the license.
language = Language
code = Code
details = Details
details-english = Details (in English)
copy = Copy
copied = Copied
close = Close

whom-to-ask = Whom to ask
ask-administrator = Tell an administrator of this service, and pass on the code { $code }.
ask-administrator-plain = Ask an administrator of this service.
ask-vendor = Write to { $vendor }
ask-vendor-hint = The license comes from { $vendor }.
renew = Renew online
mail-subject = { $product }: license { $id } ({ $code })
mail-body =
    Hello,

    our license of { $product } needs attention.

    License: { $id }
    Code: { $code }
    Date: { $date }

section-license = License
section-limits = Limits
section-features = Features
section-timeline = What happens when
section-machine = Machine
section-upload = Install a license
section-history = History
section-alerts = E-mail alerts
section-next = The license that waits
section-warnings = What to know

field-id = License ID
field-customer = Customer
field-plan = Plan
field-issued = Issued
field-begins = Begins
field-ends = Last day
field-grace = Grace until
field-days = Days left
field-domain = Domain
field-machine = Machine
field-any = any
field-file-digest = Digest

limits-none = The license has no limits.
limits-used = { $used } of { $max }
limits-used-unlimited = { $used }, unlimited
limits-max = at most { $max }
limits-exceeded = { $used } in use, { $max } allowed: nobody is removed, nobody can be added.
limits-names = Allowed: { $names }
limits-names-none = none allowed
forecast-full = At this rate full on { $date }.
forecast-month = At this rate full on { $date }; counted anew on { $until }.

features-none = The license grants no features.
feature-granted = included
feature-missing = not included

timeline-title = The term of the license
timeline-description = { $from } to { $until }. Today is { $today }.
timeline-now = Without it
timeline-then = With it
timeline-today = Today
timeline-warning = Warnings begin
timeline-end = The license ends
timeline-grace = Grace ends
timeline-next = The next license begins
timeline-from = From
timeline-phase = State
timeline-effect = What it means
timeline-answer = Answer
timeline-nothing = Nothing changes.
timeline-answers = Requests are answered with { $status } ({ $code }).
timeline-served = Requests are served.
state-unlicensed = No license
state-scheduled = Not begun
state-active = Active
state-expiring = Ends soon
state-grace = Grace
state-lapsed = Expired
state-invalid = Not in force

machine-fingerprint = Fingerprint of this machine
machine-unknown = The identity of this machine cannot be read.
machine-download = Download machine info
machine-hint = The vendor needs this file to bind a license to this machine, or to set right a clock that once ran ahead.

upload-hint = Choose the license file that you were sent, or paste its text. You see what would change before anything does.
upload-elsewhere = The license comes from { $source }. To renew it, replace it there with the license that you were sent; it takes effect within seconds, without a restart.
upload-elsewhere-start = The license is given to the service in { $source } when it starts. To renew it, put the license that you were sent there, and restart the service.
upload-drop = Drop the license file here, or paste its text anywhere on this page.
upload-file = License file
upload-text = or its text
upload-review = Review

preview-from = takes effect at once
preview-waits = takes over on { $date }
preview-gained = Gained
preview-lost = Lost
preview-nothing-gained = Nothing is gained.
preview-nothing-lost = Nothing is lost.
preview-unchanged = This license is installed already. Nothing changes.
preview-warnings = Before you install
preview-install = Install this license
preview-cancel = Cancel
preview-now = Now
preview-new = New
preview-fact = Fact
preview-host = I use this service by a host name that the license does not cover. Install it all the same.

installed-done = Installed: { $id }.
installed-waits = Accepted: { $id } takes over when it begins.
installed-unchanged = This license was installed already: { $id }.

installed-overruled = Accepted, but another source of the license decides: in force is { $id }.
history-when = When
history-who = Who
history-from = From
history-license = License
history-outcome = What
history-older = Older entries
history-newest = Newest entries
history-empty = Nothing has happened yet.
outcome-installed = Installed
outcome-scheduled = Accepted; waits to begin
outcome-unchanged = Was installed already
outcome-took_over = Took over
outcome-expired = Ended
outcome-removed = Removed
outcome-refused = Refused: { $reason }

alerts-none = No alert has failed.
alerts-failed = The alert of { $date } could not be delivered: { $reason }
alerts-delivery = the mail server did not take it
alerts-recipients = it cannot be told who is to get it
alerts-no_recipients = nobody is to get it; give an administrator an e-mail address
alerts-store = the store does not answer
alerts-broken_off = it was broken off, and is tried again

countdown = { $time } left

denied-expired = License expired
denied-feature = { $feature } is not part of this license
denied-limit = { $limit }: { $used } in use, { $max } allowed
denied-way-back = Back
denied-license = See the license

banner-dismiss = Dismiss
banner-label = License notice

## Mails

mail-alert-subject = { $product }: the license ends on { $date } ({ $left })
mail-alert-opening = The license of { $product } ({ $id }) ends on { $date }: { $left }.
mail-alert-happens = What happens
mail-alert-from = From { $date } on: { $effect }
mail-alert-do = What to do
mail-alert-remedy = Ask your vendor for a renewed license and install it before that day. An administrator uploads it, or it takes the place of the license file; it is in force at once, or as soon as it begins, without a restart.
mail-alert-once = Once a renewed license is installed, or one waits that begins in time and ends later, these messages end.
