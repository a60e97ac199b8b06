{{/*
All objects of a service. Takes a dict:

  root       the chart's context
  component  what the texts call the service
  deployment its name
  env        the variables that this product alone takes
  admin      a dict of variable, key and length: the administrator's credential,
             as a variable, in a Secret, and how long one is that is made
  license    the directory in which the license's Secret is mounted; empty
             where it is uploaded, or where there is to be none
  database   a dict of secretName and secretKey: a database that replicas
             share; without a name the store is on a volume
  places     a dict of variables that extraEnv does not set, and into what
             each belongs instead
*/}}
{{- define "common.service" -}}
{{- include "common.check" . -}}
{{- $values := .root.Values -}}
{{- $fullname := include "common.fullname" .root -}}
{{- /* What outlives the release, and what a later one finds again. */ -}}
{{- $keep := dict "helm.sh/resource-policy" "keep" -}}
{{- $shared := dig "secretName" "" (.database | default dict) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "common.metadata" (list . .deployment) | nindent 2 }}
spec:
  replicas: {{ int $values.replicaCount }}
  selector:
    matchLabels:
      {{- include "common.selector" . | nindent 6 }}
  {{- if $shared }}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  {{- else }}
  # One process uses the store at a time.
  strategy: { type: Recreate }
  {{- end }}
  template:
    metadata:
      labels:
        {{- include "common.selector" . | nindent 8 }}
    spec:
      {{- include "common.pod" . | nindent 6 }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "common.metadata" (list . $fullname) | nindent 2 }}
spec:
  type: {{ $values.service.type | quote }}
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - { name: http, port: {{ int $values.service.port }}, targetPort: http, protocol: TCP }
{{- if not (or $shared $values.persistence.existingClaim) }}
{{- $name := printf "%s-data" $fullname }}
{{- include "common.check.owner" (list .root "PersistentVolumeClaim" $name (printf "name it in persistence.existingClaim, --set persistence.existingClaim=%s" $name)) }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "common.metadata" (list . $name $keep) | nindent 2 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with $values.persistence.storageClassName }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests: { storage: {{ $values.persistence.size | quote }} }
{{- end }}
{{- if not $values.admin.existingSecret }}
{{- $name := include "common.adminSecret" .root }}
{{- include "common.check.owner" (list .root "Secret" $name (printf "name it in admin.existingSecret, --set admin.existingSecret=%s" $name)) }}
{{- $known := (lookup "v1" "Secret" .root.Release.Namespace $name).data | default dict }}
---
apiVersion: v1
kind: Secret
metadata:
  {{- include "common.metadata" (list . $name $keep) | nindent 2 }}
type: Opaque
data:
  {{ .admin.key | quote }}: {{ get $known .admin.key | default (randAlphaNum .admin.length | b64enc) | quote }}
{{- end }}
{{- end -}}
