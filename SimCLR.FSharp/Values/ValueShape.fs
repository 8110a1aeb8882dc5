/// What values are made of, found once for each type.
module internal SimCLR.ValueShape

open System
open System.Collections.Concurrent
open Microsoft.FSharp.Reflection

/// Fields in order, and what takes a value apart and puts one together.
[<NoEquality; NoComparison>]
type Fields =
    {
        /// Of the case; of the record's type otherwise.
        Name: string
        Fields: (string * Type) list
        Read: obj -> obj[]
        Make: obj[] -> obj
    }

    /// The first field of a value; null for none.
    member fields.First(value: obj) =
        if isNull value then
            null
        else
            let values = fields.Read value
            values[0]

[<NoEquality; NoComparison>]
type Shape =
    /// Numbers, texts, pairs.
    | Whole
    /// A Map<string, float>.
    | Numbers
    | Items of item: Type * make: (obj list -> obj)
    | Record of Fields
    | Option of inner: Type * some: Fields
    /// The cases, and which of them a value is of.
    | Cases of Fields list * tag: (obj -> int)

let private isGeneric (definition: Type) (kind: Type) =
    kind.IsGenericType && kind.GetGenericTypeDefinition() = definition

let private fields (properties: Reflection.PropertyInfo[]) =
    [ for property in properties -> property.Name, property.PropertyType ]

let private case (case: UnionCaseInfo) =
    {
        Name = case.Name
        Fields = fields (case.GetFields())
        Read = FSharpValue.PreComputeUnionReader case
        Make = FSharpValue.PreComputeUnionConstructor case
    }

let private describe (kind: Type) =
    if kind = typeof<Map<string, float>> then
        Numbers
    elif kind |> isGeneric typedefof<list<_>> then
        let cases = kind |> FSharpType.GetUnionCases |> Array.map case

        Items(
            kind.GetGenericArguments()[0],
            fun items -> List.foldBack (fun item rest -> cases[1].Make [| item; rest |]) items (cases[0].Make [||])
        )
    elif kind |> isGeneric typedefof<option<_>> then
        let some = FSharpType.GetUnionCases kind |> Array.last
        Option(kind.GetGenericArguments()[0], case some)
    elif FSharpType.IsRecord kind then
        Record
            {
                Name = kind.Name
                Fields = fields (FSharpType.GetRecordFields kind)
                Read = FSharpValue.PreComputeRecordReader kind
                Make = FSharpValue.PreComputeRecordConstructor kind
            }
    elif FSharpType.IsUnion kind then
        let cases = kind |> FSharpType.GetUnionCases |> Array.map case |> List.ofArray
        Cases(cases, FSharpValue.PreComputeUnionTagReader kind)
    else
        Whole

let private known = ConcurrentDictionary<Type, Shape>()

let ofType (kind: Type) = known.GetOrAdd(kind, describe)

/// The items of a list.
let items (value: obj) =
    [ for item in (value :?> Collections.IEnumerable) -> item ]
