// Command k6 is k6 with `k6/x/mqtt`: the part of that extension's interface that ../k6-script.js uses, over the same client
// library (Eclipse Paho), without metrics of its own. ../../README.md: how to build it.
package main

import (
	"fmt"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/grafana/sobek"
	"go.k6.io/k6/cmd"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
)

func init() {
	modules.Register("k6/x/mqtt", new(rootModule))
}

func main() {
	cmd.Execute()
}

type rootModule struct{}

func (*rootModule) NewModuleInstance(vu modules.VU) modules.Instance {
	return &moduleInstance{vu: vu}
}

type moduleInstance struct{ vu modules.VU }

func (m *moduleInstance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"Client": m.newClient}}
}

type clientOptions struct {
	ClientID string `js:"client_id"`
	Username string
	Password string
}

type connectOptions struct{ Keepalive int64 }

type publishOptions struct{ Qos byte }

func (m *moduleInstance) newClient(call sobek.ConstructorCall) *sobek.Object {
	runtime := m.vu.Runtime()
	c := &client{vu: m.vu}
	if err := runtime.ExportTo(call.Argument(0), &c.options); err != nil {
		common.Throw(runtime, err)
	}
	return runtime.ToValue(c).ToObject(runtime)
}

type client struct {
	vu        modules.VU
	options   clientOptions
	onConnect func() error
	paho      paho.Client
}

// On takes a listener for "connect"; it runs on the VU's event loop.
func (c *client) On(event string, listener sobek.Callable) error {
	if event != "connect" {
		return fmt.Errorf("on: no event %q here, only connect", event)
	}
	c.onConnect = func() error {
		_, err := listener(sobek.Undefined())
		return err
	}
	return nil
}

// Connect returns when the broker has accepted the client.
func (c *client) Connect(url string, options connectOptions) error {
	c.paho = paho.NewClient(paho.NewClientOptions().
		AddBroker(url).
		SetClientID(c.options.ClientID).
		SetUsername(c.options.Username).
		SetPassword(c.options.Password).
		SetKeepAlive(time.Duration(options.Keepalive) * time.Second))
	if token := c.paho.Connect(); token.Wait() && token.Error() != nil {
		return token.Error()
	}
	if c.onConnect != nil {
		c.vu.RegisterCallback()(c.onConnect)
	}
	return nil
}

// Publish returns when the message is acknowledged (QoS 1) or written (QoS 0).
func (c *client) Publish(topic string, payload sobek.ArrayBuffer, options publishOptions) error {
	token := c.paho.Publish(topic, options.Qos, false, payload.Bytes())
	token.Wait()
	return token.Error()
}

// End disconnects.
func (c *client) End() {
	c.paho.Disconnect(0)
}
