// What this machine has of what a sweep needs, what it lacks, and what to do about it.
//
// COMMAND  ./simclr run scripts/doctor.fsx, or better ./simclr doctor, which looks at .NET and the packages first
// EXPECT   a line for each check, in a few seconds
#load "load.fsx"

open SimCLR

exit (Doctor.run Load.arguments)
