package reporting

import "time"

// Day is a day of a calendar, as YYYY-MM-DD.
type Day string

// dayAt returns the day of a moment in a time zone.
func dayAt(at time.Time, zone *time.Location) Day { return Day(at.In(zone).Format(time.DateOnly)) }

// begins returns the first moment of the day in a time zone. Where a clock is put forward at midnight that is the moment after.
func (d Day) begins(zone *time.Location) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil { // days are made by dayAt and next alone
		return time.Time{}
	}
	return at.UTC()
}

// ends returns the last moment of the day: clocks of Usher go by microseconds.
func (d Day) ends(zone *time.Location) time.Time {
	return d.plus(1).begins(zone).Add(-time.Microsecond)
}

// plus returns the day n days later.
func (d Day) plus(n int) Day {
	at, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Day(at.AddDate(0, 0, n).Format(time.DateOnly))
}

// days returns how many days lie from one day to another.
func (d Day) until(other Day) int {
	from, _ := time.Parse(time.DateOnly, string(d))
	to, _ := time.Parse(time.DateOnly, string(other))
	return int(to.Sub(from) / day)
}

// valid tells whether the day is one of a calendar.
func (d Day) valid() bool {
	at, err := time.Parse(time.DateOnly, string(d))
	return err == nil && at.Year() >= 1
}
