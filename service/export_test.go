package service

import "context"

// Watch takes one step of the deadline watch.
func (s *Service) Watch(ctx context.Context) (bool, error) { return s.watch(ctx) }
