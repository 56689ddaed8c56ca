// A load generator for servers that are faster than one in Python: `load.py` in Go, with tunnels and TLS.
//
// Arguments: -proxy host:port and -ca file for a tunnel with TLS in it, then `hits` or `drain`, seconds, connections,
// URL, further headers. Prints the same JSON object as `load.py`. It needs the standard library only.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const block = 1 << 18

type report struct {
	Answers int64   `json:"answers"`
	Failed  int64   `json:"failed"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

type target struct {
	address, host, proxy string
	authorities          *x509.CertPool
	request              []byte
}

func main() {
	proxy := flag.String("proxy", "", "host:port of a proxy to tunnel through")
	authority := flag.String("ca", "", "file of the certificate authority inside the tunnel")
	flag.Parse()
	words := flag.Args()
	if len(words) < 4 {
		fail(fmt.Errorf("usage: load [-proxy host:port -ca file] hits|drain seconds connections url [header...]"))
	}
	seconds, err := strconv.ParseFloat(words[1], 64)
	fail(err)
	connections, err := strconv.Atoi(words[2])
	fail(err)
	there, err := read(words[3], words[4:], *proxy, *authority)
	fail(err)
	found, err := run(words[0] == "hits", time.Duration(seconds*float64(time.Second)), connections, there)
	fail(err)
	fail(json.NewEncoder(os.Stdout).Encode(found))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(text string, headers []string, proxy, authority string) (*target, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	port := parsed.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[parsed.Scheme]
	}
	lines := append([]string{"GET " + parsed.EscapedPath() + " HTTP/1.1", "Host: " + parsed.Host, "Accept: */*"}, headers...)
	there := &target{
		address: net.JoinHostPort(parsed.Hostname(), port),
		host:    parsed.Hostname(),
		proxy:   proxy,
		request: []byte(strings.Join(lines, "\r\n") + "\r\n\r\n"),
	}
	if parsed.Scheme == "https" {
		there.authorities = x509.NewCertPool()
		pem, err := os.ReadFile(authority)
		if err != nil || !there.authorities.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("no certificate authority in %q", authority)
		}
	}
	return there, nil
}

// run asks again and again (`hits`), or reads one answer per connection to its end; both for so long at most.
func run(hits bool, limit time.Duration, connections int, there *target) (report, error) {
	var total report
	var first error
	var guard sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	end := began.Add(limit)
	for range connections {
		all.Add(1)
		go func() {
			defer all.Done()
			one, err := ask(hits, end, there)
			guard.Lock()
			defer guard.Unlock()
			total.Answers += one.Answers
			total.Failed += one.Failed
			total.Bytes += one.Bytes
			if first == nil {
				first = err
			}
		}()
	}
	all.Wait()
	total.Seconds = time.Since(began).Seconds()
	return total, first
}

func ask(hits bool, end time.Time, there *target) (report, error) {
	var found report
	for {
		connection, err := there.dial()
		if err != nil {
			return found, err
		}
		reader := bufio.NewReaderSize(connection, block)
		for open := true; open; {
			if _, err = connection.Write(there.request); err == nil {
				open, err = answer(connection, reader, end, &found)
			}
			if err != nil || !hits || time.Now().After(end) {
				connection.Close()
				return found, err
			}
		}
		connection.Close()
	}
}

func (there *target) dial() (net.Conn, error) {
	address := there.address
	if there.proxy != "" {
		address = there.proxy
	}
	connection, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil || there.authorities == nil {
		return connection, err
	}
	if there.proxy != "" {
		fmt.Fprintf(connection, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", there.address, there.address)
		head := make([]byte, 0, 256)
		for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, one[0]) {
			if _, err := connection.Read(one); err != nil {
				return nil, fmt.Errorf("the tunnel was refused: %q", head)
			}
		}
		if len(head) < 12 || string(head[9:12]) != "200" {
			return nil, fmt.Errorf("the tunnel was refused: %q", head)
		}
	}
	inside := tls.Client(connection, &tls.Config{ServerName: there.host, RootCAs: there.authorities})
	return inside, inside.Handshake()
}

// answer reads one answer; whether the connection can be used again. One that is not whole at the end counts by its bytes only.
func answer(connection net.Conn, reader *bufio.Reader, end time.Time, found *report) (bool, error) {
	length, chunked, closing, ok := int64(-1), false, false, false
	for number := 0; ; number++ {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return false, fmt.Errorf("the head of an answer broke off: %w", err)
		}
		found.Bytes += int64(len(line))
		text := bytes.TrimRight(line, "\r\n")
		if number == 0 {
			ok = len(text) >= 12 && string(text[9:12]) == "200"
			continue
		}
		if len(text) == 0 {
			break
		}
		name, value, _ := bytes.Cut(text, []byte(":"))
		value = bytes.ToLower(bytes.TrimSpace(value))
		switch strings.ToLower(string(name)) {
		case "content-length":
			length, _ = strconv.ParseInt(string(value), 10, 64)
		case "transfer-encoding":
			chunked = string(value) == "chunked"
		case "connection":
			closing = string(value) == "close"
		}
	}
	connection.SetReadDeadline(end.Add(time.Millisecond))
	whole, err := body(reader, length, chunked, found)
	connection.SetReadDeadline(time.Time{})
	if timeout, is := err.(net.Error); is && timeout.Timeout() {
		return false, nil
	}
	if err != nil || !whole {
		return false, fmt.Errorf("an answer broke off: %v", err)
	}
	found.Answers++
	if !ok {
		found.Failed++
	}
	return !closing && (length >= 0 || chunked), nil
}

func body(reader *bufio.Reader, length int64, chunked bool, found *report) (bool, error) {
	if !chunked {
		for length != 0 {
			size := int64(block)
			if length > 0 {
				size = min(size, length)
			}
			read, err := reader.Discard(int(size))
			found.Bytes += int64(read)
			if length > 0 {
				length -= int64(read)
			}
			if err == io.EOF && length < 0 {
				return true, nil
			}
			if err != nil {
				return false, err
			}
		}
		return true, nil
	}
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(line)), 16, 64)
		if err != nil {
			return false, err
		}
		read, err := reader.Discard(int(size) + 2)
		found.Bytes += int64(len(line) + read)
		if err != nil || size == 0 {
			return err == nil, err
		}
	}
}
