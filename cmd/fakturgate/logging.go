package main

import (
	"log/slog"
	"os"
)

// logFlags say how the log looks. It goes to standard error.
type logFlags struct {
	LogLevel  string `env:"FAKTURGATE_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error (default: ${default})."`
	LogFormat string `env:"FAKTURGATE_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json (default: ${default})."`
}

func (f logFlags) logger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		level = slog.LevelInfo // kong's enum lets nothing else through
	}
	options := &slog.HandlerOptions{Level: level}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
