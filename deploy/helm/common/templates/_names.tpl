{{/*
The name of everything in a release: the release's, with the chart's behind it
where it does not say which chart it is, and before it where it begins with a
digit: the name of a Service begins with a letter and has no dot. Leaves room
for what is added to it.
*/}}
{{- define "common.fullname" -}}
{{- $name := .Release.Name | replace "." "-" -}}
{{- if regexMatch "^[0-9]" $name -}}{{- $name = printf "%s-%s" .Chart.Name $name -}}
{{- else if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of the Secret that holds the license. */}}
{{- define "common.licenseSecret" -}}
{{- .Values.license.secretName | default (printf "%s-license" (include "common.fullname" .)) -}}
{{- end -}}

{{/* The name of the Secret that holds the administrator's credential. */}}
{{- define "common.adminSecret" -}}
{{- .Values.admin.existingSecret | default (printf "%s-admin" (include "common.fullname" .)) -}}
{{- end -}}

{{/* The image, by its digest where there is one. */}}
{{- define "common.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default ($.Chart.AppVersion | replace "+" "_") }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a pod is found by; it never changes. Takes a dict of root and component. */}}
{{- define "common.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component | quote }}
{{- end -}}

{{/*
The metadata of an object. Takes a list: what "common.service" takes, the name,
and annotations where there are any.
*/}}
{{- define "common.metadata" -}}
{{- $service := first . -}}
{{- $root := $service.root -}}
name: {{ index . 1 | quote }}
labels:
  {{- include "common.selector" $service | nindent 2 }}
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | replace "+" "_" | quote }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service | quote }}
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | quote }}
{{- if gt (len .) 2 }}
annotations:
  {{- index . 2 | toYaml | nindent 2 }}
{{- end }}
{{- end -}}
