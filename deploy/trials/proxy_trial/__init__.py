"""`deploy/proxy-trial`: nginx, Caddy and HAProxy with the files of `deploy/proxies`, in front of the service."""
