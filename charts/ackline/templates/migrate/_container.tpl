{{/*
What the containers of the migration's pod have. With checkConfig that is all that the services have: their variables, secrets and files,
each by its own values first, then those of the ingress. Without, what these may need is not there yet, and only its own values count.
*/}}

{{/* args: the command; mounts: the first of them, as YAML. */}}
{{- define "ackline.migrateContainer" -}}
{{- $values := .root.Values.migrations -}}
{{- include "ackline.imageOf" .root }}
args: [{{ .args }}]
{{ include "ackline.containerSecurity" .root }}
env:
  {{- include "ackline.commonEnv" .root | nindent 2 }}
  {{- with include "ackline.migrateEnv" .root | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- with .root.Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
{{- $own := include "ackline.migrateVolumes" (dict "root" .root "field" "volumeMounts" "key" "mountPath") | trim }}
{{- if or .mounts $own }}
volumeMounts:
  {{- with .mounts | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with $own }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ackline.migrateEnv" -}}
{{- with .Values -}}
{{- $items := concat .migrations.env .env -}}
{{- if .migrations.checkConfig }}{{ $items = concat $items .ingress.env .processor.env }}{{ end -}}
{{- include "ackline.firstOfEach" (dict "items" $items "key" "name") }}
{{- end }}
{{- end }}

{{/* field: volumes or volumeMounts; key: what tells one of them from the others. */}}
{{- define "ackline.migrateVolumes" -}}
{{- $values := .root.Values -}}
{{- $items := get $values.migrations .field -}}
{{- if $values.migrations.checkConfig }}{{ $items = concat $items (get $values.ingress .field) (get $values.processor .field) }}{{ end -}}
{{- include "ackline.firstOfEach" (dict "items" $items "key" .key) }}
{{- end }}
