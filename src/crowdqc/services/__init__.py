"""What we do: one function a thing that somebody asks for, each within one transaction that the door opens."""
