{{/* How the service is reached from where the chart was installed. */}}
{{- define "common.notes.reach" -}}
kubectl port-forward -n {{ .Release.Namespace }} service/{{ include "common.fullname" . }} 3000:{{ .Values.service.port }}
{{- end -}}

{{/* How a value of the administrator's Secret is read. Takes a list of root and key. */}}
{{- define "common.notes.credential" -}}
kubectl get secret -n {{ (first .).Release.Namespace }} {{ include "common.adminSecret" (first .) }} -o jsonpath='{.data.{{ last . | replace "." "\\." }}}' | base64 -d
{{- end -}}

{{/* When a Secret that was changed is in force. */}}
{{- define "common.notes.when" -}}
It is in force without a restart: the cluster brings a changed Secret into the
pod within about two minutes, and the service takes it two seconds later. A
license that does not verify changes nothing; the log says why.
{{- end -}}
