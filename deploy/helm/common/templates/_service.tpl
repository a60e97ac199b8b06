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
  replicas: {{ $values.replicaCount }}
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
  type: {{ $values.service.type }}
  selector:
    {{- include "common.selector" . | nindent 4 }}
  ports:
    - { name: http, port: {{ $values.service.port }}, targetPort: http, protocol: TCP }
{{- if not (or $shared $values.persistence.existingClaim) }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "common.metadata" (list . (printf "%s-data" $fullname) $keep) | nindent 2 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with $values.persistence.storageClassName }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests: { storage: {{ $values.persistence.size }} }
{{- end }}
{{- if not $values.admin.existingSecret }}
{{- $name := include "common.adminSecret" .root }}
{{- $known := (lookup "v1" "Secret" .root.Release.Namespace $name).data | default dict }}
---
apiVersion: v1
kind: Secret
metadata:
  {{- include "common.metadata" (list . $name $keep) | nindent 2 }}
type: Opaque
data:
  {{ .admin.key }}: {{ get $known .admin.key | default (randAlphaNum .admin.length | b64enc) | quote }}
{{- end }}
{{- end -}}

{{/* What no schema can say. */}}
{{- define "common.check" -}}
{{- $values := .root.Values -}}
{{- if gt (int $values.replicaCount) 1 -}}
{{- if not (dig "secretName" "" (.database | default dict)) -}}
{{- fail (printf "replicaCount is %d, and replicas share a database: create a Secret with its URL and name it in database.secretName, or set replicaCount to 1" (int $values.replicaCount)) -}}
{{- end -}}
{{- if or $values.machineId $values.license.machineBound -}}
{{- fail (printf "replicaCount is %d, and a license that names a machine serves on one: set replicaCount to 1, or ask the vendor for a license that names none and leave out license.machineBound and machineId" (int $values.replicaCount)) -}}
{{- end -}}
{{- end -}}
{{- $own := list -}}
{{- range include "common.env" . | fromYamlArray -}}{{- $own = append $own .name -}}{{- end -}}
{{- range $values.extraEnv -}}
{{- if has .name $own -}}
{{- fail (printf "extraEnv sets %s, which the chart sets from its own values" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
