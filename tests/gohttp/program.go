// Program serves requests over HTTP and over TLS on this computer, sends some to itself, and prints them.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

// Deep makes the stack grow, and so move, while a handler runs.
//
//go:noinline
func deep(n int) int {
	var room [512]byte
	room[n%512] = byte(n)
	if n == 0 {
		return int(room[0])
	}
	return deep(n-1) + int(room[n%512])
}

func handle(w http.ResponseWriter, r *http.Request) {
	deep(2000)
	fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
}

func ask(client *http.Client, method, address string) {
	request, err := http.NewRequest(method, address, nil)
	check(err)
	response, err := client.Do(request)
	check(err)
	// The handler answers with the request that it got.
	said, err := io.ReadAll(response.Body)
	check(err)
	check(response.Body.Close())
	fmt.Printf("asked %s\n", said)
}

// Certificate makes a certificate that only its own client trusts.
func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	check(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func main() {
	http.HandleFunc("/", handle)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go http.Serve(plain, nil)
	client := &http.Client{}
	for _, asked := range []struct{ method, path string }{
		{"GET", "/"},
		{"GET", "/shelves/17"},
		{"DELETE", "/shelves/17/books"},
		{"PUT", "/a/path/that/is/longer/than/what/the/probe/keeps/of/it/which/is/64/bytes"},
	} {
		ask(client, asked.method, "http://"+plain.Addr().String()+asked.path)
	}

	own := certificate()
	secret, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{own}})
	check(err)
	done := make(chan bool)
	go func() {
		conn, err := secret.Accept()
		check(err)
		buffer := make([]byte, 100)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				break
			}
			fmt.Printf("read %q\n", buffer[:n])
			_, err = conn.Write([]byte("thanks"))
			check(err)
		}
		done <- true
	}()
	conn, err := tls.Dial("tcp", secret.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	check(err)
	for _, text := range []string{"the first secret", "another"} {
		_, err = conn.Write([]byte(text))
		check(err)
		answer := make([]byte, 6)
		n, err := conn.Read(answer)
		check(err)
		fmt.Printf("read %q\n", answer[:n])
	}
	check(conn.Close())
	<-done
}
