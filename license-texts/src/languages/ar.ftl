### Arabic. The keys of en.ftl, in its order.

language-name = العربية

## Dates. $day is a number without a leading zero, $month 1 to 12.

month = { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
}
date = { $day } { $month } { $year }
date-time = { $date }، { $time } { $zone }

## Numbers of things

days = { $count ->
    [zero] { $count } يوم
    [one] يوم واحد
    [two] يومان
    [few] { $count } أيام
    [many] { $count } يومًا
   *[other] { $count } يوم
}
days-left = { $count ->
    [zero] لم يتبقَّ أي يوم
    [one] يتبقى يوم واحد
    [two] يتبقى يومان
    [few] تتبقى { $count } أيام
    [many] يتبقى { $count } يومًا
   *[other] يتبقى { $count } يوم
}

## Where a license stands: the heading of the status page

phase-unlicensed = لا يوجد ترخيص
phase-scheduled = لم يبدأ الترخيص بعد
phase-active = الترخيص سارٍ
phase-expiring = ينتهي الترخيص قريبًا
phase-grace = انتهى الترخيص: فترة السماح
phase-lapsed = انتهت صلاحية الترخيص
phase-invalid = لا يمكن استخدام الترخيص

summary-unlicensed = ثبّت ترخيصًا للبدء.
summary-scheduled = يبدأ في { $date }.
summary-active = صالح حتى { $date } ضمنًا: { $left }.
summary-expiring = صالح حتى { $date } ضمنًا: { $left }. جدّده قبل ذلك.
summary-grace = انتهى في { $date }. يستمر كل شيء في العمل حتى { $grace } ضمنًا.
summary-lapsed = انتهى في { $date }. ثبّت ترخيصًا مجدَّدًا.
summary-invalid = الترخيص المثبّت غير سارٍ.

## Warnings: what administrators should know

warning-license_expiring = ينتهي الترخيص في { $date }: { $left }.
warning-license_in_grace = انتهى الترخيص في { $date }. تنتهي فترة السماح في { $grace }.
warning-license_expired = انتهى الترخيص في { $date }.
warning-license_expired_grace = انتهى الترخيص في { $date }. انتهت فترة السماح في { $grace }.
warning-limit_reached = استُنفد حد الترخيص: { $limit }.
warning-license_gap = يبدأ الترخيص المنتظر بعد انقطاع مدته { $left }: لا يسري أي ترخيص من { $from } إلى { $until }.
warning-license_gap_new = يبدأ هذا الترخيص بعد انقطاع مدته { $left }: لا يسري أي ترخيص من { $from } إلى { $until }.
warning-license_ends_earlier = ينتهي الترخيص المنتظر في { $date }، أي قبل الترخيص الساري ({ $before })؛ الفارق: { $left }.
warning-license_ends_earlier_new = ينتهي هذا الترخيص في { $date }، أي قبل الترخيص الساري ({ $before })؛ الفارق: { $left }.
warning-license_ends_earlier_together = ينتهي الترخيص المنتظر مع الترخيص الساري في الوقت نفسه، في { $date }.
warning-license_ends_earlier_together_new = ينتهي هذا الترخيص مع الترخيص الساري في الوقت نفسه، في { $date }.
warning-clock_ahead = ساعة النظام متأخرة بأكثر من ساعة عن أحدث وقت رصدته هذه الخدمة. تحقق من ساعة النظام.
warning-clock_skewed = { $minutes ->
    [zero] تختلف ساعة هذا الجهاز عن ساعة قاعدة البيانات بمقدار { $minutes } دقيقة. اضبطها على الوقت الصحيح: فهي المرجع هنا في تقييم التراخيص.
    [one] تختلف ساعة هذا الجهاز عن ساعة قاعدة البيانات بمقدار دقيقة واحدة. اضبطها على الوقت الصحيح: فهي المرجع هنا في تقييم التراخيص.
    [two] تختلف ساعة هذا الجهاز عن ساعة قاعدة البيانات بمقدار دقيقتين. اضبطها على الوقت الصحيح: فهي المرجع هنا في تقييم التراخيص.
    [few] تختلف ساعة هذا الجهاز عن ساعة قاعدة البيانات بمقدار { $minutes } دقائق. اضبطها على الوقت الصحيح: فهي المرجع هنا في تقييم التراخيص.
    [many] تختلف ساعة هذا الجهاز عن ساعة قاعدة البيانات بمقدار { $minutes } دقيقة. اضبطها على الوقت الصحيح: فهي المرجع هنا في تقييم التراخيص.
   *[other] تختلف ساعة هذا الجهاز عن ساعة قاعدة البيانات بمقدار { $minutes } دقيقة. اضبطها على الوقت الصحيح: فهي المرجع هنا في تقييم التراخيص.
}
warning-machine_changed = تغيّرت هوية هذا الجهاز: الترخيص صادر للجهاز { $old }، وهذا الجهاز أصبح { $new }. يبقى الترخيص ساريًا حتى { $until }. نزّل معلومات الجهاز وأرسلها إلى المورّد، ثم ثبّت الترخيص الصادر بناءً عليها.
warning-machine_changed_over = تغيّرت هوية هذا الجهاز: الترخيص صادر للجهاز { $old }، وهذا الجهاز أصبح { $new }. الترخيص غير سارٍ هنا. نزّل معلومات الجهاز وأرسلها إلى المورّد، ثم ثبّت الترخيص الصادر بناءً عليها.
warning-store_unavailable_unwritable = لا يمكن حفظ حالة الترخيص. تستمر الخدمة في العمل؛ تحقق من القرص أو قاعدة البيانات.
warning-store_unavailable_unreadable = لا يمكن قراءة مخزن التراخيص. تستمر الخدمة في العمل؛ تحقق من القرص أو قاعدة البيانات.
warning-store_unavailable_replaced = تم تغيير مخزن التراخيص أو استبداله أو حذفه أثناء عمل الخدمة، ولم يعد يُكتب فيه شيء. تستمر الخدمة في العمل؛ أعد تشغيلها.
warning-source_failed = لا يوجد ترخيص من { $source }. ما كان ساريًا يبقى ساريًا.
warning-source_hidden = المصدر { $source } هو المعتمد، ويحجب ما هو معيَّن أيضًا: { $hidden }.
warning-source_older = يحتوي { $source } على ترخيص صدر قبل الترخيص الذي قبلته هذه النسخة المثبّتة. وهو غير مستخدم؛ ضع أحدث ترخيص هناك.
warning-source_overrides = المصدر { $source } هو المعتمد، غير أن الترخيص الموجود فيه صدر قبل ترخيص آخر سبق تثبيته. ضع أحدث ترخيص هناك.
warning-source_mounted_alone = الملف { $source } موصول بمفرده (mount)، ولذلك لا يُلاحَظ هنا أي ترخيص يحل محله في الخارج. صِل المجلد الذي يحتويه بدلًا منه.
warning-source_decides = المصدر { $source } هو المعتمد: ما يُثبَّت هنا يحل محله الترخيص الموجود هناك.
warning-source_replaced = يُستبدل ملف الترخيص { $source } أيضًا.
warning-domain_mismatch = أنت تستخدم هذه الخدمة باسم { $host }، وهو اسم لا يشمله الترخيص الخاص بالنطاق { $domain }. ربما غيّر خادم وكيل يقع أمامها اسم المضيف: اجعله يمرر ما أرسله العميل، أو عيّنه وكيلًا موثوقًا.
warning-installed = هذا الترخيص مثبّت بالفعل.
warning-waits = ينتظر الترخيص حتى { $date } ثم يبدأ سريانه.
warning-replaces_waiting = يحل محل الترخيص المنتظر حاليًا.
warning-allows_less = يسمح الترخيص بأقل مما يسمح به الترخيص الساري.
warning-limit_exceeded = { $limit }: المستخدم { $used }، والمسموح { $max }. لن يُزال أحد، ولا يمكن إضافة أحد.
warning-locks_out_host = سيؤدي هذا إلى حجب المضيف المستخدم { $host }: فالترخيص مخصص للنطاق { $domain }.
warning-other_customer = صدر الترخيص لعميل آخر.
warning-other_domain = الترخيص مرتبط بنطاق آخر: { $domain }.
warning-other_domain_bound = أصبح الترخيص مرتبطًا بنطاق: { $domain }.
warning-other_machine = الترخيص مرتبط بجهاز آخر.
warning-other_machine_bound = أصبح الترخيص مرتبطًا بجهاز واحد.
warning-days_given_away = { $count ->
    [zero] لا يضيع أي يوم مدفوع: يسري الترخيص الحالي حتى { $date }، وتُحتسب مدة الترخيص الجديد ابتداءً من { $from }.
    [one] يضيع يوم واحد مدفوع: يسري الترخيص الحالي حتى { $date }، وتُحتسب مدة الترخيص الجديد ابتداءً من { $from }.
    [two] يضيع يومان مدفوعان: يسري الترخيص الحالي حتى { $date }، وتُحتسب مدة الترخيص الجديد ابتداءً من { $from }.
    [few] تضيع { $count } أيام مدفوعة: يسري الترخيص الحالي حتى { $date }، وتُحتسب مدة الترخيص الجديد ابتداءً من { $from }.
    [many] يضيع { $count } يومًا مدفوعًا: يسري الترخيص الحالي حتى { $date }، وتُحتسب مدة الترخيص الجديد ابتداءً من { $from }.
   *[other] يضيع { $count } يوم مدفوع: يسري الترخيص الحالي حتى { $date }، وتُحتسب مدة الترخيص الجديد ابتداءً من { $from }.
}

## Gained and lost by another license

change-feature = { $title }
change-limit = { $limit }: { $before } ← { $after }
change-limit_used = { $limit }: المستخدم { $used }، والمسموح { $after }
change-name = { $limit }: { $name }
change-plan = الخطة: { $plan }
change-end = ينتهي في { $date } بدلًا من { $before }
change-domain = النطاق: { $domain }
change-domain_freed = النطاق: أي نطاق بدلًا من { $domain }
change-domain_bound = النطاق: { $domain } بدلًا من أي نطاق
change-machine = الجهاز: { $machine }
change-machine_freed = الجهاز: أي جهاز بدلًا من { $machine }
change-machine_bound = الجهاز: { $machine } بدلًا من أي جهاز
unlimited = غير محدود

## What a period means for the people who use the service

effect-active = يعمل كل ما يمنحه الترخيص.
effect-expiring = يعمل كل شيء؛ ويُنبَّه المسؤولون إلى أن الترخيص يوشك على الانتهاء.
effect-grace = انتهى الترخيص؛ يعمل كل شيء خلال فترة السماح، مع تحذيرات.
effect-advisory = انتهى الترخيص؛ يعمل كل شيء، مع تحذيرات.
effect-advisory_invalid = الترخيص غير سارٍ؛ يعمل كل شيء، مع تحذيرات.
effect-features = تُرفض الميزات المرخَّصة؛ ويستمر كل ما عداها.
effect-read_only = تُرفض التغييرات؛ وتبقى القراءة متاحة.
effect-everything = تُحجب الخدمة إلى أن يتوفر لها ترخيص من جديد.
effect-takes_over = يبدأ سريان الترخيص المنتظر. { $effect }
effect-answer = الاستجابة هي { $status } ({ $code }).

## Denials: why a request is refused. $delivery says how a new license gets here.

denial-license_missing = لا يوجد ترخيص مثبّت
    .detail = لا يوجد ترخيص مثبّت في هذه الخدمة.
    .remedy = { $delivery ->
        [file] يمكن لأحد المسؤولين وضع ترخيص في الموضع الذي تبحث فيه الخدمة عن ملف الترخيص.
        [start] يمكن لأحد المسؤولين إعادة تشغيل الخدمة بترخيص.
       *[upload] يمكن لأحد المسؤولين تثبيت ترخيص.
    }
denial-license_expired = انتهت صلاحية الترخيص
    .detail = انتهت صلاحية ترخيص هذه الخدمة.
    .remedy = { $delivery ->
        [file] يمكن لأحد المسؤولين إحلال ترخيص مجدَّد محل ملف الترخيص.
        [start] يمكن لأحد المسؤولين إعادة تشغيل الخدمة بترخيص مجدَّد.
       *[upload] يمكن لأحد المسؤولين تثبيت ترخيص مجدَّد.
    }
denial-license_not_yet_valid = الترخيص غير صالح بعد
    .detail = يبدأ ترخيص هذه الخدمة في وقت لاحق.
    .remedy = انتظر حتى يبدأ الترخيص، أو ثبّت ترخيصًا صالحًا الآن.
denial-license_invalid = الترخيص المثبّت غير صالح
    .detail = تعذر التحقق من الترخيص المثبّت.
    .remedy = يمكن لأحد المسؤولين تثبيت ترخيص كما أصدره المورّد.
denial-state_corrupt = تعذرت قراءة حالة الترخيص
    .detail = تعذرت قراءة حالة الترخيص المخزَّنة، وقد حُفظت جانبًا.
    .remedy = يمكن لأحد المسؤولين تثبيت ترخيص كما أصدره المورّد.
denial-machine_mismatch = الترخيص صادر لجهاز آخر
    .detail = الترخيص مرتبط بجهاز آخر، أو تغيّرت هوية الجهاز.
    .remedy = يمكن لأحد المسؤولين تنزيل معلومات الجهاز وإرسالها إلى المورّد وتثبيت الترخيص الصادر على أساسها.
denial-fingerprint_unavailable = لا يمكن قراءة هوية هذا الجهاز
    .detail = الترخيص مرتبط بجهاز، ولا يمكن قراءة هوية هذا الجهاز.
    .remedy = أتِح للخدمة قراءة معرّف الجهاز (في Linux: /etc/machine-id).
denial-clock_rolled_back = أُعيدت ساعة النظام إلى الوراء
    .detail = أُعيدت ساعة النظام إلى الوراء بأكثر من يوم.
    .remedy = اضبط ساعة النظام على الوقت الصحيح. وإذا كانت قد تقدمت على الوقت الصحيح في السابق، فيمكن لأحد المسؤولين تنزيل معلومات الجهاز وإرسالها إلى المورّد وتثبيت ترخيص يعيد ضبط علامة الوقت المحفوظة.
denial-clock_not_set = ساعة النظام غير مضبوطة
    .detail = تعرض ساعة النظام وقتًا غير ممكن.
    .remedy = اضبط ساعة النظام على الوقت الصحيح.
denial-feature_lapsed = انتهت صلاحية ترخيص هذه الميزة
    .detail = انتهت صلاحية الترخيص الذي يمنح هذه الميزة.
    .remedy = { $delivery ->
        [file] يمكن لأحد المسؤولين إحلال ترخيص مجدَّد محل ملف الترخيص.
        [start] يمكن لأحد المسؤولين إعادة تشغيل الخدمة بترخيص مجدَّد.
       *[upload] يمكن لأحد المسؤولين تثبيت ترخيص مجدَّد.
    }
denial-feature_not_licensed = الميزة غير مرخَّصة
    .detail = لا يشمل ترخيص هذه الخدمة هذه الميزة.
    .remedy = اطلب من المورّد ترخيصًا يشمل هذه الميزة.
denial-read_only = للقراءة فقط إلى أن يُجدَّد الترخيص
    .detail = انتهت صلاحية الترخيص: تبقى القراءة متاحة، وتُرفض التغييرات.
    .remedy = { $delivery ->
        [file] يمكن لأحد المسؤولين إحلال ترخيص مجدَّد محل ملف الترخيص.
        [start] يمكن لأحد المسؤولين إعادة تشغيل الخدمة بترخيص مجدَّد.
       *[upload] يمكن لأحد المسؤولين تثبيت ترخيص مجدَّد.
    }
denial-read_only_unlicensed = للقراءة فقط إلى أن يصبح ترخيص ساريًا
    .detail = { $cause } تستمر القراءة، وتُرفض التعديلات.
denial-domain_mismatch = نطاق الترخيص غير مطابق
    .detail = لا يشمل الترخيص اسم المضيف هذا.
    .remedy = استخدم اسم مضيف مرخَّصًا، أو اطلب من المورّد ترخيصًا لهذا الاسم.
denial-host_invalid = المضيف غير مذكور أو صيغته غير صحيحة
    .detail = يجب أن يذكر الطلب مضيفًا واحدًا فقط بصيغة صحيحة؛ فالترخيص مرتبط بنطاق.
    .remedy = أرسل ترويسة Host واحدة فقط تحتوي على اسم مضيف؛ وعلى الخادم الوكيل الموثوق أن يرسل الترويسة التي تسمي المضيف (مثل X-Forwarded-Host).
denial-limit_reached = تم بلوغ حد الترخيص
    .detail = لا يسمح الترخيص بمزيد من هذه العناصر.
    .remedy = حرّر بعضها، أو اطلب من المورّد ترخيصًا أوسع.
denial-concurrent_host_limit_reached = تم بلوغ حد المضيفين المتصلين في آن واحد
    .detail = عدد المضيفين المتصلين هو أقصى ما يسمح به الترخيص.
    .remedy = افصل أحد المضيفين، أو اطلب من المورّد ترخيصًا أوسع.
denial-store_unavailable = مخزن التراخيص غير متاح
    .detail = لا يمكن الوصول إلى مخزن التراخيص حاليًا.
    .remedy = أعد المحاولة بعد قليل.

## Why a license was not installed

install-token_too_large = ملف الترخيص كبير جدًا
    .advice = لا يتجاوز حجم الترخيص 16 كيبيبايت. ارفع ملف الترخيص كما تسلّمته تمامًا.
install-token_malformed = ليس ملف ترخيص
    .advice = ارفع ملف الترخيص كما تسلّمته تمامًا.
install-not_previewed = ليس الترخيص الذي جرت معاينته
    .advice = عاين هذا الترخيص من جديد، ثم أكّد.
install-key_unknown = موقَّع بمفتاح غير معروف
    .advice = اسأل المورّد عمّا إذا كان الترخيص مخصصًا لهذا الإصدار من المنتج.
install-algorithm_not_allowed = خوارزمية التوقيع غير مسموح بها
    .advice = اطلب من المورّد إصدار الترخيص من جديد لهذا المنتج.
install-signature_invalid = فشل التحقق من توقيع الترخيص
    .advice = ربما كان الملف تالفًا، أو لم يصدره هذا المورّد. اطلب من المورّد نسخة جديدة.
install-claims_invalid = الترخيص غير مكتمل أو غير متسق
    .advice = اطلب من المورّد إصدار الترخيص من جديد.
install-issuer_mismatch = صادر عن مورّد آخر
    .advice = ارفع ترخيص هذا المنتج.
install-audience_mismatch = صادر لمنتج آخر
    .advice = ارفع ترخيص هذا المنتج.
install-domain_invalid = النطاق المرخَّص ليس نمطًا صالحًا
    .advice = اطلب من المورّد إصدار الترخيص من جديد.
install-machine_mismatch = الترخيص صادر لجهاز آخر
    .advice = نزّل معلومات الجهاز وأرسلها إلى المورّد، ثم ارفع الترخيص الصادر على أساسها.
install-fingerprint_unavailable = لا يمكن قراءة هوية هذا الجهاز
    .advice = أتِح للخدمة قراءة معرّف الجهاز (في Linux: /etc/machine-id)، ثم أعد المحاولة.
install-license_expired = انتهت صلاحية الترخيص
    .advice = اطلب من المورّد ترخيصًا مجدَّدًا.
install-issued_in_future = تاريخ إصدار الترخيص في المستقبل
    .advice = تحقق من ساعة النظام في هذا الجهاز. فإذا كانت صحيحة، فاطلب من المورّد إصدار الترخيص من جديد.
install-license_not_fresh = مضى على إصدار الترخيص وقت أطول من المسموح
    .advice = اطلب من المورّد إصدار الترخيص من جديد.
install-clock_rolled_back = أُعيدت ساعة النظام إلى الوراء
    .advice = اضبط ساعة النظام على الوقت الصحيح. وإذا كانت قد تقدمت على الوقت الصحيح في السابق، فنزّل معلومات الجهاز وأرسلها إلى المورّد.
install-clock_not_set = ساعة النظام غير مضبوطة
    .advice = اضبط ساعة النظام على الوقت الصحيح، ثم أعد المحاولة.
install-domain_mismatch = نطاق الترخيص غير مطابق
    .advice = سيحجب هذا الترخيص اسم المضيف الذي تستخدم به هذه الخدمة. اطلب من المورّد ترخيصًا لهذا الاسم، أو استخدم الخدمة باسم مرخَّص.
install-older_than_installed = لا يمكن أن يحل ترخيص أقدم محل ترخيص أحدث
    .advice = ارفع أحدث ترخيص أُرسل إليك.
install-store_unavailable = تعذر حفظ الترخيص
    .advice = لم يتغير شيء. أعد المحاولة بعد قليل.
install-license_file_read_only = لا يمكن استبدال ملف الترخيص
    .advice = ملف الترخيص هو الذي يقرر، ولا تستطيع الخدمة الكتابة فيه. لم يتغير شيء. استبدل الملف في مصدره.
install-internal_error = خطأ داخلي
    .advice = لم يتغير شيء. التفاصيل موجودة في سجل الخدمة.

## Errors of the upload form and of other pages

upload-empty = اختر ملفًا أو ألصق الترخيص
    .advice = لم يُرسَل شيء. اختر الملف الذي أُرسل إليك، أو ألصق نصه.
upload-both = أُرسل ملف ونص معًا
    .advice = أرسل أحدهما فقط: الملف أو النص الملصق.
upload-unsupported_media_type = لا يمكن قراءة هذا النموذج
    .advice = أرسله من جديد من صفحة الترخيص.
upload-uploads_off = الرفع معطَّل هنا
    .advice = يأتي الترخيص من مكان آخر؛ وتذكر الصفحة من أين.
upload-request_timeout = استغرق الرفع وقتًا طويلًا جدًا
    .advice = أعد المحاولة.
upload-too_many_attempts = عدد كبير جدًا من عمليات الرفع المرفوضة
    .advice = انتظر دقيقة، ثم ارفع الملف الصحيح.
upload-cross_site_request = جاء الطلب من موقع آخر
    .advice = استخدم صفحات هذه الخدمة.
upload-unauthenticated = سجّل الدخول أولًا
    .advice = هذا الإجراء متاح للمسؤولين فقط. سجّل الدخول، ثم أعد المحاولة.
upload-forbidden = هذا الإجراء متاح للمسؤولين فقط
    .advice = سجّل الدخول بصفة مسؤول.
upload-not_found = لا يوجد شيء في هذا العنوان
    .advice = ارجع إلى صفحة الترخيص.

## The pages

title = { $product } · { $page }
page-license = الترخيص
page-preview = مراجعة الترخيص الجديد
page-upload = رفع ترخيص
page-history = السجل
page-denied = مرفوض
skip = الانتقال إلى المحتوى
back = العودة إلى الترخيص
home = الصفحة الرئيسية
sign-in = تسجيل الدخول
sign-out = تسجيل الخروج
sign-in-hint = هل أنت مسؤول؟ سجّل الدخول للاطلاع على الترخيص وتجديده.
language = اللغة
code = الرمز
details = التفاصيل
details-english = التفاصيل (بالإنجليزية)
copy = نسخ
copied = تم النسخ
close = إغلاق

whom-to-ask = إلى من تتوجه
ask-administrator = أبلغ أحد مسؤولي هذه الخدمة، واذكر له الرمز { $code }.
ask-administrator-plain = اسأل أحد مسؤولي هذه الخدمة.
ask-vendor = مراسلة { $vendor }
ask-vendor-hint = الترخيص مقدَّم من { $vendor }.
renew = التجديد عبر الإنترنت
mail-subject = { $product }: الترخيص { $id } ({ $code })
mail-body =
    تحية طيبة،

    يحتاج ترخيصنا للمنتج { $product } إلى المتابعة.

    الترخيص: { $id }
    الرمز: { $code }
    التاريخ: { $date }

section-license = الترخيص
section-limits = الحدود
section-features = الميزات
section-timeline = ماذا يحدث ومتى
section-machine = الجهاز
section-upload = تثبيت ترخيص
section-history = السجل
section-alerts = تنبيهات البريد الإلكتروني
section-next = الترخيص المنتظر
section-warnings = ما ينبغي معرفته

field-id = معرّف الترخيص
field-customer = العميل
field-plan = الخطة
field-issued = تاريخ الإصدار
field-begins = تاريخ البدء
field-ends = اليوم الأخير
field-grace = فترة السماح حتى
field-days = الأيام المتبقية
field-domain = النطاق
field-machine = الجهاز
field-any = غير مقيَّد
field-file-digest = قيمة التجزئة

limits-none = ليس للترخيص أي حدود.
limits-used = { $used } من { $max }
limits-used-unlimited = { $used }، غير محدود
limits-max = { $max } كحد أقصى
limits-exceeded = المستخدم { $used }، والمسموح { $max }: لن يُزال أحد، ولا يمكن إضافة أحد.
limits-names = المسموح: { $names }
limits-names-none = لا شيء مسموح
forecast-full = بهذا المعدل يُستنفد الحد في { $date }.
forecast-month = بهذا المعدل يُستنفد الحد في { $date }؛ ويبدأ العد من جديد في { $until }.

features-none = لا يمنح الترخيص أي ميزات.
feature-granted = مشمولة
feature-missing = غير مشمولة

timeline-title = مدة الترخيص
timeline-description = من { $from } إلى { $until }. تاريخ اليوم { $today }.
timeline-now = من دون هذا الترخيص
timeline-then = مع هذا الترخيص
timeline-today = اليوم
timeline-warning = تبدأ التحذيرات
timeline-end = ينتهي الترخيص
timeline-grace = تنتهي فترة السماح
timeline-next = يبدأ الترخيص التالي
timeline-from = ابتداءً من
timeline-phase = الحالة
timeline-effect = ما يعنيه ذلك
timeline-answer = الاستجابة
timeline-nothing = لا يتغير شيء.
timeline-answers = يُجاب عن الطلبات بالاستجابة { $status } ({ $code }).
timeline-served = تُلبَّى الطلبات.
state-unlicensed = لا يوجد ترخيص
state-scheduled = لم يبدأ
state-active = سارٍ
state-expiring = ينتهي قريبًا
state-grace = فترة السماح
state-lapsed = منتهي الصلاحية
state-invalid = غير سارٍ

machine-fingerprint = بصمة هذا الجهاز
machine-unknown = لا يمكن قراءة هوية هذا الجهاز.
machine-download = تنزيل معلومات الجهاز
machine-hint = يحتاج المورّد إلى هذا الملف لربط ترخيص بهذا الجهاز، أو لمعالجة أثر ساعة تقدمت على الوقت الصحيح في السابق.

upload-hint = اختر ملف الترخيص الذي أُرسل إليك، أو ألصق نصه. سترى ما الذي سيتغير قبل أن يتغير أي شيء.
upload-elsewhere = يأتي الترخيص من { $source }. لتجديده، استبدله هناك بالترخيص الذي أُرسل إليك؛ ويسري خلال ثوانٍ دون إعادة تشغيل.
upload-elsewhere-start = يُعطى الترخيص للخدمة في { $source } عند بدء تشغيلها. لتجديده، ضع هناك الترخيص الذي أُرسل إليك، ثم أعد تشغيل الخدمة.
upload-drop = أفلت ملف الترخيص هنا، أو ألصق نصه في أي مكان من هذه الصفحة.
upload-file = ملف الترخيص
upload-text = أو نصه
upload-review = مراجعة

preview-from = يبدأ سريانه فورًا
preview-waits = يبدأ سريانه في { $date }
preview-gained = ما يُضاف
preview-lost = ما يُفقد
preview-nothing-gained = لا يُضاف شيء.
preview-nothing-lost = لا يُفقد شيء.
preview-unchanged = هذا الترخيص مثبّت بالفعل. لا يتغير شيء.
preview-warnings = قبل التثبيت
preview-install = تثبيت هذا الترخيص
preview-cancel = إلغاء
preview-now = الحالي
preview-new = الجديد
preview-fact = البيان
preview-host = أستخدم هذه الخدمة باسم مضيف لا يشمله الترخيص. ثبّته على الرغم من ذلك.

installed-done = تم التثبيت: { $id }.
installed-waits = تم القبول: يبدأ سريان { $id } عند حلول تاريخ بدئه.
installed-unchanged = كان هذا الترخيص مثبّتًا بالفعل: { $id }.

installed-overruled = قُبل الترخيص، لكن مصدرًا آخر للترخيص هو الذي يقرر: الساري هو { $id }.
history-when = متى
history-who = مَن
history-from = من أين
history-license = الترخيص
history-outcome = ماذا حدث
history-older = إدخالات أقدم
history-newest = أحدث الإدخالات
history-empty = لم يحدث شيء بعد.
outcome-installed = ثُبّت
outcome-scheduled = قُبل؛ ينتظر تاريخ بدئه
outcome-unchanged = كان مثبّتًا بالفعل
outcome-took_over = بدأ سريانه
outcome-expired = انتهى
outcome-removed = أُزيل
outcome-refused = رُفض: { $reason }

alerts-none = لم يفشل أي تنبيه.
alerts-failed = تعذر تسليم التنبيه بتاريخ { $date }: { $reason }
alerts-delivery = لم يقبله خادم البريد
alerts-recipients = يتعذر تحديد من ينبغي أن يتلقاه
alerts-no_recipients = لا يوجد مستلمون؛ أضف عنوان بريد إلكتروني لأحد المسؤولين
alerts-store = لا يستجيب المخزن
alerts-broken_off = انقطع الإرسال، وستُعاد المحاولة

countdown = متبقٍّ { $time }

denied-expired = انتهت صلاحية الترخيص
denied-feature = { $feature } ليست ضمن هذا الترخيص
denied-limit = { $limit }: المستخدم { $used }، والمسموح { $max }
denied-way-back = رجوع
denied-license = عرض الترخيص

banner-dismiss = إخفاء
banner-label = إشعار بشأن الترخيص

## Mails

mail-alert-subject = { $product }: ينتهي الترخيص في { $date } ({ $left })
mail-alert-opening = ينتهي ترخيص { $product } ({ $id }) في { $date }: { $left }.
mail-alert-happens = ماذا يحدث
mail-alert-from = ابتداءً من { $date }: { $effect }
mail-alert-do = ما يجب فعله
mail-alert-remedy = اطلب من المورّد ترخيصًا مجدَّدًا وثبّته قبل ذلك اليوم. يرفعه أحد المسؤولين، أو يحل محل ملف الترخيص؛ ويسري فورًا، أو حالما يبدأ، من دون إعادة تشغيل.
mail-alert-once = تتوقف هذه الرسائل عند تثبيت ترخيص مجدَّد، أو عند وجود ترخيص منتظر يبدأ في الوقت المناسب وينتهي في موعد لاحق.
