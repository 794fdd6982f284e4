"""In whose name a request is made."""


def service_account_user(namespace: str, name: str) -> str:
    """The user name of a ServiceAccount.

    Constrained impersonation (Kubernetes 1.37) asks for two rights: `impersonate:serviceaccount` on the account, and
    `impersonate-on:serviceaccount:<verb>` on what is done. The account's own rights are then asked as well, so that a
    monitor can do no more than the account that it names.
    """
    return f"system:serviceaccount:{namespace}:{name}"
