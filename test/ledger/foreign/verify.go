// Verifies an exported ledger with golang.org/x/mod/sumdb and none of our code: the checkpoint's signature, every entry against the
// tree, the tree against the signed root, inclusion proofs and growth. Usage: verify FOLDER VKEY PROOF... where a PROOF is what
// `maint ledger prove` writes; an older checkpoint stands beside a proof of growth as PROOF.old. Prints what held, or fails.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// open reads a signed checkpoint.
func open(text []byte, verifiers note.Verifiers) tlog.Tree {
	signed, err := note.Open(text, verifiers)
	if err != nil {
		fail("note: %v", err)
	}
	lines := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("size: %v", err)
	}
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

func hash(text string) tlog.Hash {
	parsed, err := tlog.ParseHash(text)
	if err != nil {
		fail("hash %q: %v", text, err)
	}
	return parsed
}

// reader serves tiles from the folder; C2SP paths lack the height that Go's have.
type reader struct{ folder string }

func (r reader) Height() int                         { return height }
func (r reader) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(r.folder, path))
		if err != nil {
			// Of a tile that is full only the whole is kept.
			whole := tile
			whole.W = 1 << height
			path = strings.Replace(whole.Path(), "tile/8/", "tile/", 1)
			data, err = os.ReadFile(filepath.Join(r.folder, path))
			if err != nil {
				return nil, err
			}
			data = data[:tile.W*tlog.HashSize]
		}
		all = append(all, data)
	}
	return all, nil
}

// entries hashes every entry and compares it with the leaf that the authenticated tiles hold in its place.
func entries(folder string, tree tlog.Tree, hashes tlog.HashReader) int64 {
	var index int64
	for bundle := int64(0); index < tree.N; bundle++ {
		tile := tlog.Tile{H: height, L: 0, N: bundle, W: 1 << height}
		if rest := tree.N - bundle<<height; rest < 1<<height {
			tile.W = int(rest)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			fail("entries: %v", err)
		}
		places := []int64{}
		for at := int64(0); at < int64(tile.W); at++ {
			places = append(places, tlog.StoredHashIndex(0, index+at))
		}
		leaves, err := hashes.ReadHashes(places)
		if err != nil {
			fail("entry %d: %v", index, err)
		}
		for _, leaf := range leaves {
			length := int(binary.BigEndian.Uint16(data))
			if tlog.RecordHash(data[2:2+length]) != leaf {
				fail("entry %d: another leaf stands in the tree", index)
			}
			data = data[2+length:]
			index++
		}
		if len(data) > 0 {
			fail("entry %d: more entries than leaves", index)
		}
	}
	return index
}

func proof(file string, verifiers note.Verifiers) string {
	text, err := os.ReadFile(file)
	if err != nil {
		fail("%v", err)
	}
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	if !found {
		fail("%s: no checkpoint", file)
	}
	tree := open(checkpoint, verifiers)
	lines := strings.Split(string(head), "\n")
	if strings.HasPrefix(lines[0], "old ") {
		size := strings.TrimPrefix(lines[0], "old ")
		old, err := os.ReadFile(file + ".old")
		if err != nil {
			fail("%v", err)
		}
		before := open(old, verifiers)
		if fmt.Sprint(before.N) != size {
			fail("%s: goes on from %s, not from %d", file, size, before.N)
		}
		if err := tlog.CheckTree(hashesOf(lines[1:]), tree.N, tree.Hash, before.N, before.Hash); err != nil {
			fail("%s: %v", file, err)
		}
		return fmt.Sprintf("grew from %d to %d", before.N, tree.N)
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		fail("%s: %v", file, err)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		fail("%s: %v", file, err)
	}
	if err := tlog.CheckRecord(tlog.RecordProof(hashesOf(lines[3:])), tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		fail("%s: %v", file, err)
	}
	return fmt.Sprintf("entry %d in %d", index, tree.N)
}

func hashesOf(lines []string) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, line := range lines {
		hashes = append(hashes, hash(line))
	}
	return hashes
}

func main() {
	folder, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		fail("key: %v", err)
	}
	verifiers := note.VerifierList(verifier)
	checkpoint, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		fail("%v", err)
	}
	tree := open(checkpoint, verifiers)
	hashes := tlog.TileHashReader(tree, reader{folder})
	fmt.Printf("entries %d\n", entries(folder, tree, hashes))
	for _, file := range os.Args[3:] {
		fmt.Println(proof(file, verifiers))
	}
}
