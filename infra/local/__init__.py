"""The whole stack on one machine: real servers from wheels, the emulators, the functions, a worker.

`stack.Stack` is the way in. `services` says what runs, `supervisor` keeps it running, `guard`
ends it when the supervisor could not, `home` is the folder where everything is kept.
"""
