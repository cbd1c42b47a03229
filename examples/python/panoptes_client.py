"""A client of the control API of a Panoptes emulator, on the standard library alone.

Every method is one call; a refusal of the emulator is a PanoptesRefusal whose text says what was found and what is allowed.
"""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request


class PanoptesRefusal(Exception):
    """The emulator said no."""

    def __init__(self, status, problem):
        super().__init__(problem.get("detail", f"status {status}"))
        self.status = status
        self.code = problem.get("code")


class Panoptes:
    """An emulator that runs already, as `Panoptes("http://localhost:7070")`, or one that `Panoptes.start()` begins."""

    def __init__(self, url, process=None):
        self.url = url.rstrip("/")
        self._process = process

    @classmethod
    def start(cls, command=("npx", "panoptes", "emulate"), options=()):
        """Begins an emulator on free ports; it ends with the `with` block or with stop()."""
        process = subprocess.Popen(
            [*command, "--port", "0", "--operator-port", "0", "--json", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"panoptes did not start; it ended with code {process.wait()}")
        return cls(json.loads(line)["url"], process)

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process.stdout.close()
            self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()

    def call(self, method, path, body=None, **query):
        """Asks the control API for anything, with a JSON body and query parameters. Returns what it answers."""
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{self.url}/emulator{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
        request = urllib.request.Request(url, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise PanoptesRefusal(refusal.code, json.loads(refusal.read() or b"{}")) from None
        return json.loads(text) if text else None

    def reset(self):
        self.call("POST", "/reset")

    # The clock

    def clock(self):
        return self.call("GET", "/clock")

    def advance(self, by):
        """A span as "10m", or seconds."""
        return self.call("POST", "/clock/advance", {"by": by})

    def set_clock(self, now):
        """An instant as "2030-01-01T00:00:00Z"."""
        return self.call("POST", "/clock/set", {"now": now})

    def freeze(self):
        return self.call("POST", "/clock/freeze")

    def resume(self):
        return self.call("POST", "/clock/resume")

    # People

    def approve(self, user_code, user, **more):
        return self.call("POST", f"/device-codes/{_part(user_code)}/approve", {"user": user, **more})

    def deny(self, user_code, user, **more):
        return self.call("POST", f"/device-codes/{_part(user_code)}/deny", {"user": user, **more})

    def authorize(self, url, user, **more):
        """Completes an authorization request. Returns the redirect with its parameters."""
        return self.call("POST", "/authorizations", {"url": url, "user": user, **more})

    def users(self):
        return self.call("GET", "/users")["users"]

    def lock(self, user, region=None):
        self.call("PUT", f"/users/{_part(user)}/lock", region=region)

    def unlock(self, user, region=None):
        self.call("DELETE", f"/users/{_part(user)}/lock", region=region)

    def block(self, address):
        return self.call("PUT", f"/blocked-addresses/{_part(address)}")

    def unblock(self, address):
        self.call("DELETE", f"/blocked-addresses/{_part(address)}")

    # Tokens

    def mint(self, integration, user, **more):
        """Connects a user to an integration at once; `scopes`, `accountGroups` and `region` narrow it."""
        return self.call("POST", "/tokens", {"integration": integration, "user": user, **more})

    def expire(self, token):
        return self.call("POST", "/tokens/expire", {"token": token})["kind"]

    def revoke(self, token):
        return self.call("POST", "/tokens/revoke", {"token": token})["kind"]

    def mark_used(self, token):
        return self.call("POST", "/tokens/mark-used", {"token": token})["kind"]

    # Limits

    def exhaust(self, **wish):
        """Empties a window of calls, as exhaust(user="ops@acme.example", integration="sd-wan-manager")."""
        return self.call("POST", "/budgets/exhaust", wish)

    def set_lifetimes(self, client_id, **lifetimes):
        """As set_lifetimes("sd-wan-manager", access="5s")."""
        return self.call("PATCH", f"/integrations/{_part(client_id)}", {"lifetimes": lifetimes})

    # Traffic

    def add_fault(self, on, **fault):
        """As add_fault("getTests", status=503, times=2)."""
        return self.call("POST", "/faults", {"on": on, **fault})

    def remove_fault(self, fault_id):
        self.call("DELETE", f"/faults/{_part(fault_id)}")

    def clear_faults(self):
        self.call("DELETE", "/faults")

    def journal(self, **query):
        """Exchanges that match, as journal(name="token", status=200)."""
        return self.call("GET", "/journal", **query)["exchanges"]

    def next_exchange(self, **query):
        """The first one after an id, as next_exchange(name="token", after=0), or the next one to come."""
        return self.call("GET", "/journal/next", **query)

    # Snapshots and workspaces

    def take_snapshot(self, name):
        return self.call("PUT", f"/snapshots/{_part(name)}")

    def load_snapshot(self, name):
        self.call("POST", f"/snapshots/{_part(name)}/load")

    def create_workspace(self, name):
        """Another emulator beside this one, with nothing in common."""
        return Panoptes(self.call("POST", "/workspaces", {"name": name})["url"])

    def remove_workspace(self, name):
        self.call("DELETE", f"/workspaces/{_part(name)}")


def _part(text):
    return urllib.parse.quote(text, safe="")
