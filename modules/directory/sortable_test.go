package directory

import (
	"math/big"
	"strings"
	"testing"
	"testing/quick"
)

func TestKeysOfNumbersAreInTheirOrder(t *testing.T) {
	t.Parallel()
	ordered := []string{
		"-1e9998", "-123456789012345678901234567890", "-9007199254740993", "-9007199254740992", "-10", "-9.99", "-1.5", "-1.25", "-1.2", "-1", "-0.9",
		"-0.09", "-1e-300", "0", "1e-9000", "1e-300", "0.00999", "0.01", "0.1", "0.12", "0.123", "1", "1.5", "2", "9", "10", "99", "100", "1e3", "1001",
		"9007199254740992", "9007199254740993", "1e300", "123e300", "1e9998",
	}
	for i := 1; i < len(ordered); i++ {
		before, ok := numberKey(ordered[i-1])
		after, alsoOK := numberKey(ordered[i])
		if !ok || !alsoOK || before >= after {
			t.Errorf("%s has the key %q, %s %q", ordered[i-1], before, ordered[i], after)
		}
	}
	for _, equal := range [][]string{{"1", "1.0", "10e-1", "0.1E1", "1e0", "1e+0"}, {"0", "-0", "0.000", "0e999"}, {"-150", "-1.5e2", "-150.00"}} {
		want, _ := numberKey(equal[0])
		for _, text := range equal {
			if got, ok := numberKey(text); !ok || got != want {
				t.Errorf("%s has the key %q, want %q", text, got, want)
			}
		}
	}
	for _, text := range []string{"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1 ", "1e99999", "1e-99999", strings.Repeat("9", 300), "١"} {
		if key, ok := numberKey(text); ok {
			t.Errorf("%q is a number with the key %q", text, key)
		}
	}
}

func TestKeysOfNumbersAgreeWithExactArithmetic(t *testing.T) {
	t.Parallel()
	agree := func(a, b int64, shiftA, shiftB uint8) bool {
		x, y := big.NewRat(a, 1), big.NewRat(b, 1)
		x.Quo(x, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(shiftA%20)), nil)))
		y.Quo(y, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(shiftB%20)), nil)))
		keyX, okX := numberKey(x.FloatString(20))
		keyY, okY := numberKey(y.FloatString(20))
		return okX && okY && strings.Compare(keyX, keyY) == x.Cmp(y) && len(keyX) <= keySize
	}
	if err := quick.Check(agree, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
}

func TestKeysOfTimesAreInstants(t *testing.T) {
	t.Parallel()
	ordered := []string{
		"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z", "2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00.000000001Z",
		"2026-11-23T08:00:00.1Z", "2026-11-23T08:00:01", "9999-12-31T23:59:59.999999999Z",
	}
	for i := 1; i < len(ordered); i++ {
		before, ok := timeKey(ordered[i-1])
		after, alsoOK := timeKey(ordered[i])
		if !ok || !alsoOK || before >= after {
			t.Errorf("%s has the key %q, %s %q", ordered[i-1], before, ordered[i], after)
		}
	}
	want, _ := timeKey("2026-11-23T10:00:00Z")
	for _, text := range []string{"2026-11-23T12:00:00+02:00", "2026-11-23T10:00:00.000Z", "2026-11-23T10:00:00", "2026-11-23T10:00:00-00:00"} {
		if got, ok := timeKey(text); !ok || got != want {
			t.Errorf("%s has the key %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		"", "2026-11-23", "10:00:00Z", "2026-11-23 10:00:00Z", "2026-13-01T10:00:00Z", "2026-02-30T10:00:00Z", "2026-11-23T10:00Z", "2026-11-23T10:00:00,5Z",
		"2026-11-23T10:00:00.1234567891Z", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00", "0000-01-01T00:00:00Z", "2026-11-23t10:00:00z",
		"2026-11-23T1:00:00Z", "2026-11-23T10:00:00+15:00", "2026-11-23T24:00:00Z", "2026-11-23T10:00:60Z", "+2026-11-23T10:00:00Z",
	} {
		if key, ok := timeKey(text); ok {
			t.Errorf("%q is a time with the key %q", text, key)
		}
	}
}
