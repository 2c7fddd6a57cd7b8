/**
 * Names by culture. Each name is `native` or, where the script is not Latin, `native=latin`, from which logins and
 * addresses are made.
 */
export interface Culture {
  given: readonly string[];
  family: readonly string[];
  /** Hours from UTC in which its people live. */
  zones: readonly number[];
  /** The language of languages.ts that some of them write in. */
  language?: string;
  /** Whether the family name comes first, and what stands between. */
  familyFirst?: boolean;
  separator?: string;
  weight: number;
}

const words = (text: string): string[] => text.split(" ");

export const cultures: readonly Culture[] = [
  {
    weight: 15,
    zones: [-8, -5, -5, 0, 10],
    given: words(
      "Emma Noah Olivia Liam Grace Ethan Hannah Caleb Ruby Owen Chloe Marcus Abigail Dylan Naomi Jasper Lucy Connor Megan Tyler Rachel Simon Heather Patrick",
    ),
    family: words(
      "Harper Bennett Walsh Carter O'Neill Fletcher Mercer Hayes Whitfield Brooks Doyle Lambert Pierce Sutton Marsh Keller Rowe Ashby Quinn Thornton Vaughn Ellis Barlow Dempsey",
    ),
  },
  {
    weight: 9,
    zones: [1],
    language: "de",
    given: words("Jürgen Anke Lukas Katharina Jörg Sabine Florian Miriam Björn Steffi Matthias Annika Tobias Heike Sören Lena"),
    family: words("Müller Schröder Weiß Krüger Baumann Lehmann Köhler Hoffmann Vogel Brandt Jäger Pfeiffer Seidel Roth Böhm Ziegler"),
  },
  {
    weight: 6,
    zones: [1],
    given: words("François Élodie Mathieu Chloé Jérôme Amélie Benoît Noémie Loïc Aurélie Théo Maëlle Rémi Océane Gaël Inès"),
    family: words("Lefèvre Moreau Béranger Girard Dupré Chevalier Lemoine Gauthier Perrot Faure Marchand Renaud Blanchet Delacroix Besson Hébert"),
  },
  {
    weight: 7,
    zones: [1, -3, -5, -6],
    language: "es",
    given: words("Lucía Mateo Sofía Joaquín Martina Íñigo Camila Andrés Valentina Nicolás Jimena Sebastián Rocío Álvaro Ximena Tomás"),
    family: words("García Muñoz Fernández Ibáñez Castaño Peña Quiroga Navarro Ordóñez Rivas Salcedo Zamora Echeverría Núñez Pardo Villalobos"),
  },
  {
    weight: 7,
    zones: [-3, -3, 0],
    language: "pt",
    given: words("João Beatriz Thiago Larissa Gonçalo Inês Caio Mariana Vinícius Letícia Rafael Débora Otávio Luísa Davi Heloísa"),
    family: words("Silva Conceição Araújo Magalhães Nogueira Teixeira Brandão Simões Guimarães Rocha Peixoto Leitão Sequeira Moura Falcão Azevedo"),
  },
  {
    weight: 3,
    zones: [1],
    given: words("Giulia Lorenzo Chiara Matteo Federica Niccolò Alessia Davide Elisa Riccardo Marta Emanuele"),
    family: words("Rossi Esposito Bianchi Colombo Ricci Ferrara Gallo Conti Marchetti Leone Serra Vitale"),
  },
  {
    weight: 3,
    zones: [1],
    given: words("Sanne Daan Femke Bram Lotte Jeroen Maaike Thijs Anouk Sjoerd Fleur Ruben"),
    family: ["de Vries", "van den Berg", "Jansen", "Bakker", "Visser", "Smit", "Dekker", "van Dijk", "Postma", "Hoekstra", "Kuiper", "de Boer"],
  },
  {
    weight: 4,
    zones: [1],
    given: words("Agnieszka Paweł Małgorzata Łukasz Zofia Michał Katarzyna Krzysztof Ewa Grzegorz Jana Ondřej"),
    family: words("Kowalczyk Wiśniewska Wójcik Dąbrowski Zieliński Szymańska Mazur Piątek Nováková Dvořák Růžička Černý"),
  },
  {
    weight: 4,
    zones: [1, 2],
    given: words("Astrid Søren Ingrid Bjørn Åsa Mikkel Linnea Jøran Saga Eino Aino Håkon"),
    family: words("Lindqvist Sørensen Åkesson Nygård Virtanen Haugen Bergström Mäkinen Dahl Ekström Kjær Lund"),
  },
  {
    weight: 4,
    zones: [3, 2],
    given: words(
      "Дмитрий=dmitry Анна=anna Сергей=sergey Ольга=olga Павел=pavel Наталья=natalya Игорь=igor Екатерина=ekaterina Тарас=taras Оксана=oksana Олексій=oleksiy Софія=sofia",
    ),
    family: words(
      "Волков=volkov Смирнова=smirnova Кузнецов=kuznetsov Морозова=morozova Лебедев=lebedev Шевченко=shevchenko Коваленко=kovalenko Бондаренко=bondarenko Соколов=sokolov Новикова=novikova Мельник=melnyk Зайцев=zaitsev",
    ),
  },
  {
    weight: 6,
    zones: [9],
    language: "ja",
    familyFirst: true,
    separator: " ",
    given: words(
      "健太=kenta 美咲=misaki 大輔=daisuke 陽子=yoko 翔=sho 由美=yumi 直樹=naoki 彩=aya 拓也=takuya 恵=megumi 遥=haruka 蓮=ren さくら=sakura 悠斗=yuto",
    ),
    family: words(
      "佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 渡辺=watanabe 伊藤=ito 山本=yamamoto 中村=nakamura 小林=kobayashi 加藤=kato 吉田=yoshida 松本=matsumoto 井上=inoue 斎藤=saito",
    ),
  },
  {
    weight: 7,
    zones: [8],
    language: "zh",
    familyFirst: true,
    separator: "",
    given: words("伟=wei 芳=fang 秀英=xiuying 敏=min 静=jing 磊=lei 洋=yang 艳=yan 勇=yong 杰=jie 娟=juan 涛=tao 明轩=mingxuan 雨桐=yutong"),
    family: words("王=wang 李=li 张=zhang 刘=liu 陈=chen 杨=yang 黄=huang 赵=zhao 吴=wu 周=zhou 徐=xu 孙=sun 马=ma 欧阳=ouyang"),
  },
  {
    weight: 3,
    zones: [9],
    familyFirst: true,
    separator: "",
    given: words("민준=minjun 서연=seoyeon 지훈=jihoon 수빈=subin 현우=hyunwoo 지민=jimin 예준=yejun 하은=haeun 도윤=doyun 유진=yujin"),
    family: words("김=kim 이=lee 박=park 최=choi 정=jung 강=kang 조=cho 윤=yoon 장=jang 임=lim"),
  },
  {
    weight: 9,
    zones: [5.5],
    given: words("Priya Arjun Ananya Rohan Kavya Vikram Lakshmi Aditya Meera Karthik Divya Siddharth Pooja Rahul Nisha Harish"),
    family: words("Sharma Iyer Patel Reddy Nair Gupta Banerjee Deshpande Menon Chaudhary Rao Subramanian Kulkarni Bhat Mehta Krishnan"),
  },
  {
    weight: 3,
    zones: [2, 3, 4],
    given: words("أحمد=ahmed فاطمة=fatima يوسف=youssef ليلى=layla عمر=omar نور=nour خالد=khaled سارة=sara حسن=hassan مريم=mariam"),
    family: words(
      "الحسيني=alhussaini منصور=mansour خليل=khalil حداد=haddad ناصر=nasser العلي=alali سليمان=suleiman فرح=farah عثمان=osman درويش=darwish",
    ),
  },
  {
    weight: 2,
    zones: [3],
    given: words("Ayşe Mehmet Elif Çağlar Zeynep Emre Gökçe Burak İpek Oğuz"),
    family: words("Yılmaz Şahin Öztürk Kaya Demirci Çelik Aydın Koç Güneş Erdoğdu"),
  },
  {
    weight: 3,
    zones: [7],
    familyFirst: true,
    separator: " ",
    given: ["Minh", "Thảo", "Đức Anh", "Linh", "Hải", "Ngọc", "Tuấn", "Phương", "Quân", "Bích"],
    family: words("Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi Đỗ Hồ"),
  },
  {
    weight: 3,
    zones: [7],
    given: words("Siti Budi Dewi Agus Rizky Putri Wahyu Ayu Bayu Intan"),
    family: words("Santoso Wijaya Pratama Lestari Hidayat Kusuma Nugroho Saputra Halim Utami"),
  },
  {
    weight: 5,
    zones: [1, 1, 3, 2],
    given: words("Chinedu Adaeze Oluwaseun Amara Tunde Ngozi Wanjiru Otieno Thandiwe Sipho Kwame Abena Zainab Femi"),
    family: words("Okafor Adeyemi Eze Balogun Kamau Odhiambo Dlamini Nkosi Mensah Owusu Ibrahim Okonkwo Mwangi Abubakar"),
  },
  {
    weight: 2,
    zones: [2, 2, 3.5],
    given: words("Νίκος=nikos Ελένη=eleni Γιώργος=giorgos Μαρία=maria נועה=noa איתי=itai شیرین=shirin آرش=arash Δήμητρα=dimitra دانیال=danial"),
    family: words(
      "Παπαδόπουλος=papadopoulos Γεωργίου=georgiou Καρράς=karras כהן=cohen לוי=levi رضایی=rezaei احمدی=ahmadi Νικολάου=nikolaou פרידמן=friedman کریمی=karimi",
    ),
  },
];

/** Handles of people who show no name. */
export const handles: { first: readonly string[]; second: readonly string[] } = {
  first: words("null quiet rusty lazy byte tiny solar mossy segfault paper north copper static amber cloudy pixel grumpy velvet async iron"),
  second: words(
    "pointer otter fern kettle badger wave moth harbor falcon cactus compiler goat lantern ferry puffin socket beaver raven comet turnip",
  ),
};

export const companies = words(
  "harborline kestrelworks blueacre nordpost tinytrain fieldstone quartzly papermill saltmarsh windrose oaktable brightkeel lumenyard cedarops stackfarm ferryman parcelhub meadowlabs ironbridge coralbit",
);
/**
 * Addresses end in a name that is no top-level domain, so no mail can ever leave for them. It is not one of the reserved
 * ones (`.example`, `.test`): the rules that join accounts take those for placeholders, which join nobody.
 */
export const mailDomain = "lanterndemo";
export const mailHosts = ["mailbox", "postbox", "inbox", "letters", "fastpost"].map((host) => `${host}.${mailDomain}`);

/** Our own people: name, login, hours from UTC, share of the span in which they are on the team, language that they also answer in. */
export const team: readonly { name: string; login: string; zone: number; from: number; to: number; language?: string; role: string }[] = [
  { name: "Maya Lindholm", login: "mayalind", zone: 1, from: 0, to: 1, role: "Head of Developer Relations" },
  { name: "Tomás Herrera", login: "therrera", zone: -3, from: 0, to: 1, language: "es", role: "Developer Advocate" },
  { name: "伊藤 遥", login: "haruka-ito", zone: 9, from: 0, to: 1, language: "ja", role: "Developer Advocate" },
  { name: "Jonas Weber", login: "jweber", zone: 1, from: 0, to: 1, language: "de", role: "SDK Engineer" },
  { name: "Beatriz Prado", login: "biaprado", zone: -3, from: 0.25, to: 1, language: "pt", role: "Support Engineer" },
  { name: "Nadia Rahman", login: "nadiar", zone: 0, from: 0, to: 0.7, role: "Technical Writer" },
  { name: "Kofi Asante", login: "kofia", zone: 0, from: 0.6, to: 1, role: "Technical Writer" },
  { name: "林 志明", login: "zhiming", zone: 8, from: 0.1, to: 1, language: "zh", role: "Platform Engineer" },
  { name: "Erin Gallagher", login: "eringal", zone: -5, from: 0, to: 1, role: "SDK Engineer" },
];
