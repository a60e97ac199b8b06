{{/*
What no schema can say, and what none is to say: Helm prints the value that a
schema's pattern refuses, and a value that is none may be a password or a key
in the wrong place. Nothing here prints a value that was not understood.
Takes what "common.service" takes.
*/}}
{{- define "common.check" -}}
{{- include "common.check.names" .root.Values -}}
{{- include "common.check.image" .root.Values.image -}}
{{- include "common.check.proxies" .root.Values.trustedProxies -}}
{{- include "common.check.replicas" . -}}
{{- include "common.check.extraEnv" . -}}
{{- end -}}

{{/* The names of objects, and of the keys in them. Takes the values. */}}
{{- define "common.check.names" -}}
{{- $values := . -}}
{{- $label := "[a-z0-9]([-a-z0-9]*[a-z0-9])?" -}}
{{- $name := printf "^%s([.]%s)*$" $label $label -}}
{{- $names := dict -}}
{{- range list "license.secretName" "database.secretName" "admin.existingSecret" "persistence.existingClaim" "persistence.storageClassName" -}}
{{- $path := splitList "." . -}}
{{- $_ := set $names . (get (get $values (first $path) | default dict) (last $path)) -}}
{{- end -}}
{{- range $number, $given := $values.imagePullSecrets -}}{{- $_ := set $names (printf "imagePullSecrets[%d]" $number) ($given | default "-") -}}{{- end -}}
{{- range $place, $given := $names -}}
{{- if and $given (or (gt (len $given) 253) (not (regexMatch $name $given))) -}}
{{- fail (printf "%s is not the name of an object of the cluster, such as acme-1: small letters, digits and hyphens, and dots between them. What is secret belongs into the Secret itself" $place) -}}
{{- end -}}
{{- end -}}
{{- range $place := list "license" "database" -}}
{{- with get (get $values $place | default dict) "secretKey" -}}
{{- if or (gt (len .) 253) (eq . ".") (hasPrefix ".." .) (not (regexMatch "^[-._a-zA-Z0-9]+$" .)) -}}
{{- fail (printf "%s.secretKey is not the name of a key in a Secret, such as license.jwt: letters, digits, hyphens, underscores and dots, and no two dots before them" $place) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $values.persistence.size -}}
{{- if not (and (regexMatch "^[0-9]+([.][0-9]+)?(Mi|Gi|Ti)$" .) (regexMatch "[1-9]" .)) -}}
{{- fail "persistence.size is no size of a volume, such as 1Gi: a number above 0, and Mi, Gi or Ti" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The parts of an image's name, as the distribution specification has them. */}}
{{- define "common.check.image" -}}
{{- $host := "([a-zA-Z0-9]([-.a-zA-Z0-9]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(:[0-9]+)?" -}}
{{- $part := "[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*" -}}
{{- if not (regexMatch (printf "^(%s/)?%s(/%s)*$" $host $part $part) .repository) -}}
{{- fail "image.repository is not the name of an image, such as registry.example:5000/acme/service: its tag belongs into image.tag, its digest into image.digest, a password into a Secret of imagePullSecrets" -}}
{{- end -}}
{{- if and .tag (not (regexMatch "^[a-zA-Z0-9_][-._a-zA-Z0-9]{0,127}$" .tag)) -}}
{{- fail "image.tag is not the tag of an image, such as 1.2" -}}
{{- end -}}
{{- if and .digest (not (regexMatch "^sha256:[0-9a-f]{64}$" .digest)) -}}
{{- fail "image.digest is not the digest of an image: sha256: and 64 digits of 0-9 and a-f" -}}
{{- end -}}
{{- end -}}

{{/* Addresses and networks, as the services read them. */}}
{{- define "common.check.proxies" -}}
{{- $octet := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" -}}
{{- $groups := "^([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4})*)?$" -}}
{{- range $number, $given := . -}}
{{- $address := first (splitList "/" $given) -}}
{{- $prefix := trimPrefix $address $given -}}
{{- $good := false -}}
{{- if regexMatch (printf "^%s([.]%s){3}$" $octet $octet) $address -}}
{{- $good = regexMatch "^(/([1-9]|[12][0-9]|3[0-2]))?$" $prefix -}}
{{- /* No bit is set behind the prefix. */ -}}
{{- $bits := 0 -}}
{{- range splitList "." $address -}}{{- $bits = add (mul $bits 256) (int .) -}}{{- end -}}
{{- $size := 1 -}}
{{- if and $good $prefix -}}{{- range until (int (sub 32 (int (trimPrefix "/" $prefix)))) -}}{{- $size = mul $size 2 -}}{{- end -}}{{- end -}}
{{- $good = and $good (eq (mod $bits $size) 0) -}}
{{- else -}}
{{- $sides := splitList "::" $address -}}
{{- $count := 0 -}}
{{- $good = and (le (len $sides) 2) (regexMatch "^(/([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?$" $prefix) -}}
{{- range $sides -}}
{{- $good = and $good (regexMatch $groups .) -}}
{{- if . -}}{{- $count = add $count (len (splitList ":" .)) -}}{{- end -}}
{{- end -}}
{{- $good = and $good (ternary (eq (int $count) 8) (lt (int $count) 8) (eq (len $sides) 1)) -}}
{{- end -}}
{{- if not $good -}}
{{- fail (printf "trustedProxies[%d] is neither an address nor a network, such as 10.0.0.0/8: no bit is set behind its prefix, and the prefix is not 0" $number) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether the pods can do with one another. */}}
{{- define "common.check.replicas" -}}
{{- $values := .root.Values -}}
{{- if gt (int $values.replicaCount) 1 -}}
{{- if not (dig "secretName" "" (.database | default dict)) -}}
{{- fail (printf "replicaCount is %d, and replicas share a database: create a Secret with its URL and name it in database.secretName, or set replicaCount to 1" (int $values.replicaCount)) -}}
{{- end -}}
{{- if or $values.machineId $values.license.machineBound -}}
{{- fail (printf "replicaCount is %d, and a license that names a machine serves on one: set replicaCount to 1, or ask the vendor for a license that names none and leave out license.machineBound and machineId" (int $values.replicaCount)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Variables that would undo what the chart sets, or tell what is secret. */}}
{{- define "common.check.extraEnv" -}}
{{- $own := list -}}
{{- range include "common.env" . | fromYamlArray -}}{{- $own = append $own .name -}}{{- end -}}
{{- $places := dict "LICENSE_PUBLIC_KEY" "license.publicKeys" "TRUSTED_PROXY" "trustedProxies" -}}
{{- $_ := set $places .admin.variable (printf "the key %s of the Secret that admin.existingSecret names" .admin.key) -}}
{{- $places = merge $places .places -}}
{{- $seen := list -}}
{{- range $number, $variable := .root.Values.extraEnv -}}
{{- $name := .name -}}
{{- if not (regexMatch "^[A-Z][A-Z0-9_]*$" $name) -}}
{{- fail (printf "the name of extraEnv[%d] is none of a variable, such as MAX_CONNECTIONS: capital letters, digits and underscores; its value belongs into value or valueFrom" $number) -}}
{{- end -}}
{{- with get $places $name -}}
{{- fail (printf "extraEnv sets %s, which belongs into %s" $name .) -}}
{{- end -}}
{{- if has $name $own -}}
{{- fail (printf "extraEnv sets %s, which the chart sets from its own values" $name) -}}
{{- end -}}
{{- if has $name $seen -}}
{{- fail (printf "extraEnv sets %s twice" $name) -}}
{{- end -}}
{{- $seen = append $seen $name -}}
{{- if and .value .valueFrom -}}
{{- fail (printf "extraEnv gives %s both value and valueFrom" $name) -}}
{{- end -}}
{{- if and .value (or (regexMatch "(PASSWORD|SECRET|TOKEN|KEY)$" $name) (regexMatch "://.*@" .value)) -}}
{{- fail (printf "extraEnv sets %s to a text, and whoever may read the release would read what is secret: put it into a Secret, and name that in valueFrom.secretKeyRef" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
An object that the chart makes is not there yet, or is of this release: Helm
takes over no other. Takes a list of root, kind, name, and what to do instead.
*/}}
{{- define "common.check.owner" -}}
{{- $root := first . -}}
{{- with lookup "v1" (index . 1) $root.Release.Namespace (index . 2) -}}
{{- $annotations := .metadata.annotations | default dict -}}
{{- $ours := and (eq (get $annotations "meta.helm.sh/release-name") $root.Release.Name) (eq (get $annotations "meta.helm.sh/release-namespace") $root.Release.Namespace) -}}
{{- if not (and $ours (eq (get (.metadata.labels | default dict) "app.kubernetes.io/managed-by") "Helm")) -}}
{{- fail (printf "the %s %s is there already, and this release did not make it: %s" (index $ 1) (index $ 2) (index $ 3)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
