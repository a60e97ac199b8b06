{{/* The pod of a service. Takes what "common.service" takes. */}}
{{- define "common.pod" -}}
{{- $values := .root.Values -}}
{{- $fullname := include "common.fullname" .root -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- if $values.userId }}
  runAsUser: {{ int64 $values.userId }}
  runAsGroup: {{ int64 $values.userId }}
  fsGroup: {{ int64 $values.userId }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile: { type: RuntimeDefault }
containers:
  - name: {{ .component | quote }}
    image: {{ include "common.image" .root | quote }}
    imagePullPolicy: {{ $values.image.pullPolicy | quote }}
    env:
      {{- include "common.env" . | nindent 6 }}
      {{- with $values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    ports:
      - { name: http, containerPort: 3000, protocol: TCP }
    # Never the license: whoever comes to renew it must reach the service, and
    # no restart gives it a license.
    startupProbe:
      httpGet: { path: /healthz, port: http }
      periodSeconds: 2
      failureThreshold: 60
    livenessProbe:
      httpGet: { path: /healthz, port: http }
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    readinessProbe:
      httpGet: { path: /healthz, port: http }
      periodSeconds: 5
      timeoutSeconds: 5
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: { drop: [ALL] }
    resources:
      {{- toYaml $values.resources | nindent 6 }}
    volumeMounts:
      - { name: data, mountPath: /data }
      - { name: tmp, mountPath: /tmp }
      {{- with .license }}
      # The directory, never a subPath: a file that is mounted by itself does not
      # change while the pod lives.
      - { name: license, mountPath: {{ . | quote }}, readOnly: true }
      {{- end }}
volumes:
  - name: data
    {{- if dig "secretName" "" (.database | default dict) }}
    emptyDir: { sizeLimit: 64Mi }
    {{- else }}
    persistentVolumeClaim: { claimName: {{ $values.persistence.existingClaim | default (printf "%s-data" $fullname) | quote }} }
    {{- end }}
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  {{- if .license }}
  - name: license
    secret:
      secretName: {{ include "common.licenseSecret" .root | quote }}
      # The service starts without a license, and takes one that comes later.
      optional: true
      defaultMode: 0440
  {{- end }}
{{- range $member := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $values $member }}
{{ $member }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The variables that the chart sets itself. Takes what "common.service" takes. */}}
{{- define "common.env" -}}
{{- $values := .root.Values -}}
- name: LISTEN
  value: {{ printf "%s:3000" $values.listenAddress | quote }}
- name: DATA_DIR
  value: /data
- name: LICENSE_PUBLIC_KEY
  value: {{ include "common.publicKeys" .root | quote }}
- name: {{ .admin.variable | quote }}
  valueFrom:
    secretKeyRef: { name: {{ include "common.adminSecret" .root | quote }}, key: {{ .admin.key | quote }} }
{{- with .database }}
{{- if .secretName }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: { name: {{ .secretName | quote }}, key: {{ .secretKey | quote }} }
{{- end }}
{{- end }}
{{- with $values.trustedProxies }}
- name: TRUSTED_PROXY
  value: {{ join "," . | quote }}
{{- end }}
{{- with .env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
The vendor's public keys: those of the values, or those that the vendor packed
into the chart. Without one the service would trust a key that it makes. A
private key is refused wherever it is: whoever has the chart would have it.
*/}}
{{- define "common.publicKeys" -}}
{{- $keys := .Values.license.publicKeys -}}
{{- if not $keys -}}
{{- range $path, $_ := .Files.Glob "keys/*.pem" -}}{{- $keys = append $keys ($.Files.Get $path) -}}{{- end -}}
{{- end -}}
{{- if not $keys -}}
{{- fail "the vendor's public key is missing: it belongs into the chart, as keys/NAME.pem, or into license.publicKeys" -}}
{{- end -}}
{{- $texts := join "\n" $keys -}}
{{- range $path, $_ := .Files.Glob "keys/**" -}}{{- $texts = cat $texts ($.Files.Get $path) -}}{{- end -}}
{{- if contains "PRIVATE KEY-----" $texts -}}
{{- fail "a private key is among the public keys, or in the chart: it stays with the vendor; whoever could read it here issues licenses" -}}
{{- end -}}
{{- $prefix := "(?s)^[^,]*" -}}
{{- $pem := "-----BEGIN (RSA )?PUBLIC KEY-----[A-Za-z0-9+/=\\s\\\\]+-----END (RSA )?PUBLIC KEY-----" -}}
{{- $seen := list -}}
{{- range $keys -}}
{{- if or (ne (len (splitList "-----BEGIN " .)) 2) (not (regexMatch (printf "%s%s[\\s\\\\nr\"']*$" $prefix $pem) .)) -}}
{{- fail "a public key of the vendor is none: each is one PEM text of its own, from BEGIN PUBLIC KEY to END PUBLIC KEY, without a comma" -}}
{{- end -}}
{{- /* By its KID=, or by what one is derived from. */ -}}
{{- $before := first (splitList "-----BEGIN " .) -}}
{{- $kid := ternary (first (splitList "=" $before)) (regexReplaceAll "\\s+" (trimPrefix $before .) "") (contains "=" $before) | trim -}}
{{- if has $kid $seen -}}
{{- fail "two public keys of the vendor have one KID, or one of them is there twice" -}}
{{- end -}}
{{- $seen = append $seen $kid -}}
{{- end -}}
{{- join "," $keys -}}
{{- end -}}
