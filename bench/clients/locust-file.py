"""What tools.ts has Locust do: a user for each client, each sending its own message again and again."""

import gc
import json
import os
import time
import warnings
from base64 import b64decode

import gevent
from locust import events, task
from locust.contrib.mqtt import MqttClient, MqttUser

# Its MQTT library names what is deprecated, for each client.
warnings.filterwarnings("ignore", category=DeprecationWarning)
plan = json.loads(os.environ["PLAN"])
with open(os.environ["CLIENTS"]) as file:
    clients = json.load(file)
LATE_SECONDS = 1
start_at = 0.0
spawned = 0
counts = {"sent": 0, "late": 0}


def wait_until(ms):
    gevent.sleep(max(0, start_at + ms / 1000 - time.time()))


@events.test_start.add_listener
def start(environment, **_):
    global start_at
    start_at = round(time.time() + 1, 3)
    print(f"start at {round(start_at * 1000)}", flush=True)
    gevent.spawn(finish, environment.runner)


def finish(runner):
    wait_until(plan["measureEndMs"] + 1000)
    gc.collect()
    wait_until(plan["leaveAtMs"])
    print(f"sent {counts['sent']} late {counts['late']}", flush=True)
    runner.quit()


class Client(MqttClient):
    def _generate_event_name(self, event_type, qos, topic):
        # Else the statistics have a row for each client.
        return event_type


class Car(MqttUser):
    client_cls = Client
    # Without it, there is a limit of 340 clients.
    use_loop_selectors = True
    host = "127.0.0.1"
    port = plan["port"]

    def __init__(self, environment):
        global spawned
        self.index = spawned
        spawned += 1
        own = clients[self.index]
        self.client_id, self.username, self.password = own["clientId"], own["username"], own["password"]
        self.topic, self.message = own["topic"], b64decode(own["message"])
        super().__init__(environment)

    @task
    def drive(self):
        self.send(plan["warmUpAtMs"], plan["warmUpEach"])
        infos, late = self.send(plan["measureAtMs"], plan["messagesPerClient"])
        counts["late"] += late
        # QoS 1: acknowledged; QoS 0: written.
        gevent.sleep(1)
        counts["sent"] += sum(info.is_published() for info in infos)
        wait_until(plan["leaveAtMs"] + 60_000)

    def send(self, from_ms, each):
        infos, late = [], 0
        for n in range(each):
            due_ms = from_ms + (self.index + n * plan["clients"]) * 1000 / plan["messagesPerSecond"]
            wait_until(due_ms)
            late += time.time() - start_at - due_ms / 1000 > LATE_SECONDS
            infos.append(self.client.publish(self.topic, self.message, plan["qos"]))
        return infos, late
