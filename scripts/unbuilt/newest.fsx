// What load.fsx finds where nothing is built.
[<CompilerMessage("Nothing is built yet: run 'dotnet build SimCLR.Research.sln' or './simclr build' first.",
                  10001,
                  IsError = true)>]
let newest = ()

newest
