// What a script needs: the assemblies, beside which a build puts this file, and what it begins with.
#r "TorchSharp.dll"
#r "NetVips.dll"
#r "Argu.dll"
#r "FSharp.SystemTextJson.dll"
#r "DynamicObj.dll"
#r "MathNet.Numerics.dll"
#r "Giraffe.ViewEngine.dll"
#r "Plotly.NET.dll"
#r "Spectre.Console.dll"
#r "YamlDotNet.dll"
#r "SimCLR.Core.dll"
#r "SimCLR.FSharp.dll"

SimCLR.Script.start ()
