package e2e

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/fakturgate/fakturgate/faktur"
)

var update = flag.Bool("update", false, "save the pictures of docs/images anew")

// validate is where Swagger UI shows POST /invoices/validate.
const validate = "#operations-invoices-validateInvoice"

// Whoever opens the server's address in a browser can try the API out at once,
// and nothing of it leaves the machine.
func TestSwaggerUI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	g := w.serve("gateway")
	w.client(g).register([]string{"0012345674901000"}, faktur.Settings{}) // the seller of the examples
	b := openBrowser(t)
	b.do("open Swagger UI", chromedp.Navigate(g.url+"/"), chromedp.WaitVisible(validate))
	b.do("give it the key",
		chromedp.Click(`.btn.authorize`), chromedp.WaitVisible(`.auth-container input`),
		chromedp.SendKeys(`.auth-container input`, bootstrapKey),
		chromedp.Click(`.auth-btn-wrapper button.authorize`), chromedp.WaitVisible(`.auth-btn-wrapper button.btn-done`),
		chromedp.Click(`.auth-btn-wrapper button.btn-done`), chromedp.WaitNotPresent(`.auth-container`))
	b.do("expand an operation", chromedp.Click(validate+` .opblock-summary-control`), chromedp.WaitVisible(validate+` textarea`))
	b.dateToday()
	b.do("execute it", chromedp.Click(validate+` .execute`), chromedp.WaitVisible(validate+` .live-responses-table .response-col_status`))

	if status := b.text(validate + ` .live-responses-table tbody .response-col_status`); !strings.HasPrefix(status, "200") {
		t.Errorf("validate answered %s: %s", status, b.text(validate+` .live-responses-table`))
	}
	if body := b.text(validate + ` .live-responses-table tbody .highlight-code`); !strings.Contains(body, `"upload_deadline"`) {
		t.Errorf("the answer is not shown: %s", body)
	}
	b.check(g.url)
	if *update {
		b.picture("../docs/images/swagger-ui.png")
	}
}

// dateToday edits the example's date in the body to be sent, which must not lie in the future.
func (b *browser) dateToday() {
	b.t.Helper()
	b.evaluate(fmt.Sprintf(`(() => {
		const body = document.querySelector(%q);
		const write = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
		write.call(body, body.value.replace(/"date": *"[^"]*"/, '"date": %q'));
		body.dispatchEvent(new Event("input", {bubbles: true}));
		return true;
	})()`, validate+" textarea", faktur.DateOf(time.Now()).String()))
}

// browser is a headless Chromium with one tab, and what was seen of it.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string // addresses
	faults   []string // violations of the policy, uncaught exceptions
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-proxy-server", true), chromedp.WindowSize(1280, 1600))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.see); err != nil { // starts the browser
		t.Fatal(err)
	}
	return b
}

func (b *browser) see(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.faults = append(b.faults, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text)
	}
}

// stepTime is how long one step in the browser may take.
const stepTime = 30 * time.Second

// do runs a step under its own time-out.
func (b *browser) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, stepTime)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v; the browser says %q", what, err, b.faults)
	}
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return inTab(b, chromedp.TextContent(selector))
}

func (b *browser) evaluate(script string) {
	b.t.Helper()
	inTab(b, chromedp.Evaluate[bool](script))
}

// inTab is do for an action that gives something back.
func inTab[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, stepTime)
	defer stop()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// check holds the browser to have asked nobody but address, and to have had nothing to complain of.
func (b *browser) check(address string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) < 5 {
		b.t.Errorf("only %d requests were seen: %q", len(b.requests), b.requests)
	}
	for _, request := range b.requests {
		u, err := url.Parse(request)
		if err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != address {
			b.t.Errorf("a request left for %.200s", request)
		}
	}
	for _, fault := range b.faults {
		b.t.Errorf("the browser says: %s", fault)
	}
}

// picture saves the top of the page as the browser shows it.
func (b *browser) picture(file string) {
	b.t.Helper()
	b.evaluate(`window.scrollTo(0, 0), true`)
	if err := os.WriteFile(file, inTab(b, chromedp.CaptureScreenshot()), 0o644); err != nil {
		b.t.Fatal(err)
	}
}
