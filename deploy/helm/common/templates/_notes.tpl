{{/* How the service is reached from where the chart was installed. */}}
{{- define "common.notes.reach" -}}
kubectl port-forward -n {{ .Release.Namespace }} service/{{ include "common.fullname" . }} 3000:{{ .Values.service.port }}

A license for a domain refuses 127.0.0.1, an upload of it too: send the licensed
host along, as curl -H 'Host: HOST' does, or ask at the address of the Ingress.
{{- end -}}

{{/* Who signs in, where passwords are counted. */}}
{{- define "common.notes.administrator" -}}
The administrator is admin@example.com, and the password is what this prints:

  {{ include "common.notes.credential" (list . "password") }}
{{- if not .Values.trustedProxies }}

Behind an Ingress, name its addresses in trustedProxies: without them all clients
have one address to the service, and a few wrong passwords of anybody keep
everybody from signing in for a while.
{{- end }}
{{- end -}}

{{/* How a value of the administrator's Secret is read. Takes a list of root and key. */}}
{{- define "common.notes.credential" -}}
kubectl get secret -n {{ (first .).Release.Namespace }} {{ include "common.adminSecret" (first .) }} -o jsonpath='{.data.{{ last . | replace "." "\\." }}}' | base64 -d
{{- end -}}

{{/* When a Secret that was changed is in force. */}}
{{- define "common.notes.when" -}}
It is in force without a restart: the cluster brings a changed Secret into the
pod within about two minutes, and the service takes it two seconds later. A
license that does not verify changes nothing. What is wrong, the cause first,
an administrator learns at {{ ternary "/admin" "/api" (hasPrefix "alexandria" .Chart.Name) }}/license/doctor; the log has it as well.
{{- end -}}
