"""A device flow against Panoptes. Uses the emulator at $PANOPTES_URL, or starts one with npx."""

import json
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request

from panoptes_client import Panoptes, PanoptesRefusal

OTIS = "ops@acme.example"


# What your product does. Here it is SD-WAN Manager in a few lines.
def post(url, **fields):
    body = urllib.parse.urlencode({"client_id": "sd-wan-manager", **fields}).encode()
    try:
        with urllib.request.urlopen(url, body) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return json.load(refusal)


def status_of_get_tests(url, token):
    request = urllib.request.Request(f"{url}/v7/tests", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


class DeviceFlow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        url = os.environ.get("PANOPTES_URL")
        cls.panoptes = Panoptes(url) if url else Panoptes.start()

    @classmethod
    def tearDownClass(cls):
        cls.panoptes.stop()

    def setUp(self):
        self.panoptes.reset()

    def ask_for_code(self):
        url = f"{self.panoptes.url}/v7/oauth2/device/authorization"
        return post(url, scope="tests:manage offline_access")

    def token(self, **fields):
        return post(f"{self.panoptes.url}/v7/oauth2/token", **fields)

    def poll(self, device):
        grant_type = "urn:ietf:params:oauth:grant-type:device_code"
        return self.token(grant_type=grant_type, device_code=device["device_code"])

    def test_tokens_end_with_the_clock_and_are_refreshed(self):
        device = self.ask_for_code()
        self.panoptes.approve(device["user_code"], OTIS)
        tokens = self.poll(device)
        self.assertEqual(status_of_get_tests(self.panoptes.url, tokens["access_token"]), 200)
        self.panoptes.advance(tokens["expires_in"])
        self.assertEqual(status_of_get_tests(self.panoptes.url, tokens["access_token"]), 401)
        fresh = self.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        self.assertEqual(status_of_get_tests(self.panoptes.url, fresh["access_token"]), 200)
        self.assertEqual(len(self.panoptes.journal(name="token", status=200)), 2)

    def test_a_user_says_no(self):
        device = self.ask_for_code()
        self.panoptes.deny(device["user_code"], OTIS)
        self.assertEqual(self.poll(device)["error"], "access_denied")

    def test_an_operation_fails_twice(self):
        token = self.panoptes.mint("sd-wan-manager", OTIS)["access_token"]
        self.panoptes.add_fault("getTests", status=503, times=2)
        statuses = [status_of_get_tests(self.panoptes.url, token) for _ in range(3)]
        self.assertEqual(statuses, [503, 503, 200])

    def test_a_refusal_says_what_is_allowed(self):
        with self.assertRaises(PanoptesRefusal) as refusal:
            self.panoptes.add_fault("getTest", status=503)
        self.assertIn("did you mean getTest", str(refusal.exception))


if __name__ == "__main__":
    unittest.main()
