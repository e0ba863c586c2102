{{/* A line for each thing that is wrong. */}}
{{- define "ackline.check.needed" -}}
{{- with .Values.image }}
{{- if not .repository }}
image.repository is not set, and there is no default: build the image with `npm run image -- --tag registry.example.com/ackline:{{ $.Chart.AppVersion }}`, push it with `docker push registry.example.com/ackline:{{ $.Chart.AppVersion }}`, and set image.repository to registry.example.com/ackline (your registry).
{{- end }}
{{- if regexMatch ":[^/]*$" .repository }}
image.repository is {{ .repository }}, with a tag in it, and another one would be put behind it: put it into image.tag.
{{- end }}
{{- if and (eq .tag "latest") (not .digest) }}
image.tag is "latest", which means another image on each node and each day: set the tag of a build, or image.digest.
{{- end }}
{{- end }}
{{- if not .Values.database.existingSecret }}
database.existingSecret is not set: create it with `kubectl create secret generic ackline-database --from-literal=DATABASE_URL=postgres://…`, and name it there.
{{- end }}
{{- with .Values.redis }}
{{- if and .existingSecret .url }}
redis.existingSecret and redis.url are both set: take one of them away.
{{- end }}
{{- if contains "@" .url }}
redis.url has a user or a password in it, which everybody who may read the Deployment sees: put the URL into a Secret, and name that in redis.existingSecret.
{{- end }}
{{- end }}
{{- if regexMatch "^[a-z]+://[^/?#]*@" .Values.otel.endpoint }}
otel.endpoint has a user or a password in it, which everybody who may read the Deployment sees: put them into a Secret as authorization=Basic …, and name that in otel.headersSecret.
{{- end }}
{{- if regexMatch "^[a-z]+://[^/?#]*@" .Values.processor.autoscaling.prometheusAddress }}
processor.autoscaling.prometheusAddress has a user or a password in it, which everybody who may read the ScaledObject sees: put them into a TriggerAuthentication, and name that in processor.autoscaling.prometheusAuthenticationRef.
{{- end }}
{{- end }}
